import { DISK_RUNS } from './history-runs.ts';
import { openLocalAdapters } from './local-adapters.ts';
import { openMemoryAdapters } from './memory-adapters.ts';
import { describeMixedHistories } from './mixed-histories.ts';

describeMixedHistories('random histories of avatars and attachments in memory', openMemoryAdapters);
describeMixedHistories(
  'random histories of avatars and attachments over a folder and SQLite',
  openLocalAdapters,
  DISK_RUNS,
);
