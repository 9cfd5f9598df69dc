import { openEngineAdapters } from './engine-adapters.ts';
import { describeReplacing } from './replacing.ts';

describeReplacing(openEngineAdapters);
