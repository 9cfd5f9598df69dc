import type { Dependencies } from '../../shared/dependencies.ts';
import { redrive } from '../../shared/maintenance/sweep.ts';
import { isTerminal } from '../../shared/metadata/records.ts';
import { TEMPORARY_PREFIX, uploadIdOfKey } from '../../shared/storage/object-keys.ts';
import { eachFile, infoOrUndefined } from '../../shared/storage/storage-backend.ts';
import type { LocalDependencies } from './dependencies.ts';
import { openUploads } from './open-uploads.ts';

/**
 * Takes up what the process before this one left, however it ended: half-written files go, leases of dead workers
 * lapse, every open upload whose bytes are there gets its event again, and so does every ended one that left bytes.
 * Deadlines stay as they are.
 */
export async function recover({ dependencies, folder, database }: LocalDependencies): Promise<{ redriven: number }> {
  const now = dependencies.clock();
  await folder?.storage.removeLeftovers();
  // Whose leases they are is known only where no other process has the records.
  database?.lapseLeases({ now });
  let redriven = 0;
  for await (const { upload, workAt } of openUploads(dependencies)) {
    // Another process may hold it; the sweep takes it up when the lease ends.
    if (!database && (upload.leaseUntil ?? '') >= now.toISOString()) continue;
    const waitsForBytes = upload.kind !== 'render' && upload.status === 'pending';
    if (waitsForBytes && !(await infoOrUndefined(dependencies.storage, upload.key))) continue;
    if (await redrive(dependencies, { uploadId: upload.uploadId, seenWorkAt: workAt, now })) redriven += 1;
  }
  await finishCleanUps(dependencies);
  return { redriven };
}

/** The queue forgot the deliveries that were to tidy up after ended uploads; their bytes show which these were. */
async function finishCleanUps({ storage, metadata, queues }: Dependencies): Promise<void> {
  for await (const { key } of eachFile(storage, TEMPORARY_PREFIX)) {
    const uploadId = uploadIdOfKey(key);
    const upload = uploadId === undefined ? undefined : await metadata.getUpload({ uploadId });
    if (upload && isTerminal(upload.status)) await queues.sendUpload({ uploadId: upload.uploadId });
  }
}
