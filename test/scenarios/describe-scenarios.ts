import { describe } from 'vitest';
import { describeAdopted } from './adopted.ts';
import { describeAttaching } from './attaching.ts';
import { describeAttachingInParts } from './attaching-in-parts.ts';
import { describeAttachingLate } from './attaching-late.ts';
import { describeBytes } from './bytes.ts';
import { describeCapping } from './capping.ts';
import { describeDeleting } from './deleting.ts';
import { describeDeletingAttachments } from './deleting-attachments.ts';
import { describeFailing } from './failing.ts';
import { describeLimits } from './limits.ts';
import { describeMeasuring } from './measuring.ts';
import { describeRendering } from './rendering.ts';
import { describeReplacedVersions } from './replaced-versions.ts';
import { describeReplacing } from './replacing.ts';
import { describeRetrying } from './retrying.ts';
import type { OpenAdapters } from './world.ts';

/** The main job as a whole: what its users can rely on, whichever adapters it runs on. */
export function describeScenarios(name: string, openAdapters: OpenAdapters): void {
  describe(name, () => {
    describeReplacing(openAdapters);
    describeReplacedVersions(openAdapters);
    describeAdopted(openAdapters);
    describeDeleting(openAdapters);
    describeRendering(openAdapters);
    describeBytes(openAdapters);
    describeFailing(openAdapters);
    describeRetrying(openAdapters);
    describeLimits(openAdapters);
    describeCapping(openAdapters);
    describeMeasuring(openAdapters);
    describeAttaching(openAdapters);
    describeAttachingInParts(openAdapters);
    describeAttachingLate(openAdapters);
    describeDeletingAttachments(openAdapters);
  });
}
