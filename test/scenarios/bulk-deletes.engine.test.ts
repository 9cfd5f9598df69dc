import { describeBulkDeletes } from './bulk-deletes.ts';
import { openEngineAdapters } from './engine-adapters.ts';

describeBulkDeletes(openEngineAdapters);
