import { describeBytes } from './bytes.ts';
import { openEngineAdapters } from './engine-adapters.ts';

describeBytes(openEngineAdapters);
