import { describeAttachingLate } from './attaching-late.ts';
import { openEngineAdapters } from './engine-adapters.ts';

describeAttachingLate(openEngineAdapters);
