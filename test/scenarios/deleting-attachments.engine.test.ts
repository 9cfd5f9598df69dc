import { describeDeletingAttachments } from './deleting-attachments.ts';
import { openEngineAdapters } from './engine-adapters.ts';

describeDeletingAttachments(openEngineAdapters);
