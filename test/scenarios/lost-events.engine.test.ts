import { openEngineAdapters } from './engine-adapters.ts';
import { describeLostEvents } from './lost-events.ts';

describeLostEvents(openEngineAdapters);
