import { describeAttachingInParts } from './attaching-in-parts.ts';
import { openEngineAdapters } from './engine-adapters.ts';

describeAttachingInParts(openEngineAdapters);
