import { describeFaults } from './faults.ts';
import { openLocalAdapters } from './local-adapters.ts';

describeFaults('faults of a folder and SQLite', openLocalAdapters);
