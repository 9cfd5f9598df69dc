import { describeAttachmentFaults } from './attachment-faults.ts';
import { openEngineAdapters } from './engine-adapters.ts';

describeAttachmentFaults('faults of S3 and DynamoDB', openEngineAdapters);
