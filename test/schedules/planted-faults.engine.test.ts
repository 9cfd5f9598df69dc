import { describe } from 'vitest';
import { openEngineAdapters } from '../scenarios/engine-adapters.ts';
import { describePlantedFaults } from './planted-faults.ts';
import { withRecords } from './schedule-adapters.ts';

describe('faults of former releases, planted again, on S3 and DynamoDB', () => {
  describePlantedFaults([withRecords(openEngineAdapters)]);
});
