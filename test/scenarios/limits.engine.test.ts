import { openEngineAdapters } from './engine-adapters.ts';
import { describeLimits } from './limits.ts';

describeLimits(openEngineAdapters);
