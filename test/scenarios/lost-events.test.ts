import { openLocalAdapters } from './local-adapters.ts';
import { describeLostEvents } from './lost-events.ts';

describeLostEvents(openLocalAdapters);
