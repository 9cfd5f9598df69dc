import { describeAttaching } from './attaching.ts';
import { openEngineAdapters } from './engine-adapters.ts';

describeAttaching(openEngineAdapters);
