import { describeBulkDeletes } from './bulk-deletes.ts';
import { openLocalAdapters } from './local-adapters.ts';

describeBulkDeletes(openLocalAdapters);
