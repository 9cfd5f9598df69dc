import { openEngineAdapters } from './engine-adapters.ts';
import { describePublicTraces } from './public-traces.ts';

describePublicTraces(openEngineAdapters);
