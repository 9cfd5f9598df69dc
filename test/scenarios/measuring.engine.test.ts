import { openEngineAdapters } from './engine-adapters.ts';
import { describeMeasuring } from './measuring.ts';

describeMeasuring(openEngineAdapters);
