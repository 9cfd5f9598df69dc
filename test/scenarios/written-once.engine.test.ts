import { openEngineAdapters } from './engine-adapters.ts';
import { describeWrittenOnce } from './written-once.ts';

describeWrittenOnce(openEngineAdapters);
