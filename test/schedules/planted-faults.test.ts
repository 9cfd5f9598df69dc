import { afterAll, beforeAll, describe, vi } from 'vitest';
import { openLocalAdapters } from '../scenarios/local-adapters.ts';
import { openMemoryAdapters } from './memory-adapters.ts';
import { describePlantedFaults } from './planted-faults.ts';
import { withRecords } from './schedule-adapters.ts';

describe('faults of former releases, planted again, in memory and on a folder and SQLite', () => {
  beforeAll(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5));
  afterAll(() => void vi.restoreAllMocks());

  describePlantedFaults([openMemoryAdapters, withRecords(openLocalAdapters)]);
});
