import { openEngineAdapters } from './engine-adapters.ts';
import { describeRetrying } from './retrying.ts';

describeRetrying(openEngineAdapters);
