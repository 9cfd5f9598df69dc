import { openEngineAdapters } from './engine-adapters.ts';
import { describeFaults } from './faults.ts';

describeFaults('faults of S3 and DynamoDB', openEngineAdapters);
