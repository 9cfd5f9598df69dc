import { openEngineAdapters } from './engine-adapters.ts';
import { describeReplacedVersions } from './replaced-versions.ts';

describeReplacedVersions(openEngineAdapters);
