import { infoOrUndefined } from '../../shared/avatars/fenced-write.ts';
import { redrive } from '../../shared/maintenance/sweep.ts';
import { temporaryKey } from '../../shared/storage/object-keys.ts';
import type { LocalDependencies } from './dependencies.ts';

/**
 * Takes up what the process before this one left, however it ended: half-written files go, leases of dead workers
 * lapse, and every open upload whose bytes are there gets its event again. Deadlines stay as they are.
 */
export async function recover({ dependencies, storage, metadata }: LocalDependencies): Promise<{ redriven: number }> {
  const now = dependencies.clock();
  await storage.removeLeftovers();
  metadata.lapseLeases({ now });
  let redriven = 0;
  for (const { uploadId, kind, status, workAt } of metadata.openUploads()) {
    const waitsForBytes = kind === 'avatar' && status === 'pending';
    if (waitsForBytes && !(await infoOrUndefined(storage, temporaryKey(uploadId)))) continue;
    if (await redrive(dependencies, { uploadId, seenWorkAt: workAt, now })) redriven += 1;
  }
  return { redriven };
}
