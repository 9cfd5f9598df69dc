import { describeHistories } from './histories.ts';
import { openMemoryAdapters } from './memory-adapters.ts';

describeHistories('random histories in memory', openMemoryAdapters);
