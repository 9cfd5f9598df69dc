import { openLocalAdapters } from './local-adapters.ts';
import { describeOpenTickets } from './open-tickets.ts';

describeOpenTickets(openLocalAdapters);
