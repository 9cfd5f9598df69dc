import { openLocalAdapters } from './local-adapters.ts';
import { describePublicTraces } from './public-traces.ts';

describePublicTraces(openLocalAdapters);
