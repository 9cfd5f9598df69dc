import { infoOrUndefined } from '../../shared/avatars/fenced-write.ts';
import { redrive } from '../../shared/maintenance/sweep.ts';
import { isTerminal } from '../../shared/metadata/records.ts';
import { TEMPORARY_PREFIX, temporaryKey, uploadIdOfKey } from '../../shared/storage/object-keys.ts';
import type { LocalDependencies } from './dependencies.ts';

/**
 * Takes up what the process before this one left, however it ended: half-written files go, leases of dead workers
 * lapse, every open upload whose bytes are there gets its event again, and so does every ended one that left bytes.
 * Deadlines stay as they are.
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
  await finishCleanUps({ dependencies, storage, metadata });
  return { redriven };
}

/** The queue forgot the deliveries that were to tidy up after ended uploads; their bytes show which these were. */
async function finishCleanUps({
  dependencies,
  storage,
  metadata,
}: Pick<LocalDependencies, 'dependencies' | 'storage' | 'metadata'>): Promise<void> {
  let cursor: string | undefined;
  do {
    const page = await storage.listFiles({ prefix: TEMPORARY_PREFIX, ...(cursor !== undefined && { cursor }) });
    for (const { key } of page.files) {
      const uploadId = uploadIdOfKey(key);
      const upload = uploadId === undefined ? undefined : await metadata.getUpload({ uploadId });
      if (upload && isTerminal(upload.status)) await dependencies.queues.sendUpload({ uploadId: upload.uploadId });
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
}
