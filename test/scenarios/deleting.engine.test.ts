import { describeDeleting } from './deleting.ts';
import { openEngineAdapters } from './engine-adapters.ts';

describeDeleting(openEngineAdapters);
