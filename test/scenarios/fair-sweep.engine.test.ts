import { openEngineAdapters } from './engine-adapters.ts';
import { describeFairSweep } from './fair-sweep.ts';

// Spread over the shards. More would take minutes here.
describeFairSweep(openEngineAdapters, { deleted: 30 });
