import { describeHistories } from './histories.ts';
import { openLocalAdapters } from './local-adapters.ts';

describeHistories('random histories over a folder and SQLite', openLocalAdapters);
