import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Test files that take minutes. */
const LONGEST = [
  'test/metadata/dynamodb/dynamodb-record-store.engine.test.ts',
  'test/scenarios/faults.engine.test.ts',
  'test/scenarios/attachment-faults.engine.test.ts',
  'test/images/hostile-files.test.ts',
  'test/crash/kill.test.ts',
  'test/schedules/schedules.test.ts',
  'test/acceptance/gigabyte.test.ts',
];

/** Starts the longest files first: begun last, one of them would run alone at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONGEST.some((path) => moduleId.endsWith(path));
    return (await super.sort(files)).sort((one, other) => Number(isLong(other)) - Number(isLong(one)));
  }
}
