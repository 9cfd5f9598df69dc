import { openEngineAdapters } from './engine-adapters.ts';
import { describeOpenTickets } from './open-tickets.ts';

describeOpenTickets(openEngineAdapters);
