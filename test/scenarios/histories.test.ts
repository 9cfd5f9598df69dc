import { describeHistories } from './histories.ts';
import { DISK_RUNS } from './history-runs.ts';
import { openLocalAdapters } from './local-adapters.ts';
import { openMemoryAdapters } from './memory-adapters.ts';

describeHistories('random histories of avatars in memory', openMemoryAdapters);
describeHistories('random histories of avatars over a folder and SQLite', openLocalAdapters, DISK_RUNS);
