import { describeAttachmentFaults } from './attachment-faults.ts';
import { openLocalAdapters } from './local-adapters.ts';

describeAttachmentFaults('faults of a folder and SQLite', openLocalAdapters);
