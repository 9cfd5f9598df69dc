import { openLocalAdapters } from './local-adapters.ts';
import { describeMixedHistories } from './mixed-histories.ts';

describeMixedHistories('random histories of avatars and attachments over a folder and SQLite', openLocalAdapters);
