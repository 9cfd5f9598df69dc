import { redrive } from '../../shared/maintenance/sweep-upload.ts';
import { infoOrUndefined } from '../../shared/storage/storage-backend.ts';
import type { LocalDependencies } from './dependencies.ts';
import { openUploads } from './open-uploads.ts';

/**
 * Takes up what the process before this one left, however it ended: half-written files are removed, leases of dead
 * workers lapse, and every open upload whose bytes are stored is processed again. Ended uploads stay due for clean-up,
 * and deadlines stay as they are.
 */
export async function recover({ dependencies, folder, database }: LocalDependencies): Promise<{ redriven: number }> {
  const { metadata, storage, clock } = dependencies;
  const now = clock();
  await folder?.storage.removeLeftovers();
  let redriven = 0;
  for await (const upload of openUploads(dependencies)) {
    const { uploadId } = upload;
    // Over SQLite, no other process can hold a lease. A lease over DynamoDB may be alive, and is waited for.
    if (database) await metadata.lapseLease({ uploadId, now });
    else if ((upload.leaseUntil ?? '') >= now.toISOString()) continue;
    const isPending = upload.kind !== 'render' && upload.status === 'pending';
    if (isPending && !(await infoOrUndefined(storage, upload.key))) continue;
    const current = await metadata.getUpload({ uploadId });
    if (!current?.workAt) continue;
    const result = await redrive(dependencies, { uploadId, seenWorkAt: current.workAt });
    if (result === 'redriven') redriven += 1;
  }
  return { redriven };
}
