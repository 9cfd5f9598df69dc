import { describeFairSweep } from './fair-sweep.ts';
import { openLocalAdapters } from './local-adapters.ts';

// In one shard, more than ten pages.
describeFairSweep(openLocalAdapters, { deleted: 1100 });
