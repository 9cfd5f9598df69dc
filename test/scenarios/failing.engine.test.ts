import { openEngineAdapters } from './engine-adapters.ts';
import { describeFailing } from './failing.ts';

describeFailing(openEngineAdapters);
