import type { MaintenanceDependencies } from '../dependencies.ts';
import { isTerminal, type UploadRecord, waitsForBytes } from '../metadata/records.ts';
import { infoOrUndefined } from '../storage/storage-backend.ts';
import { cleanUpAfter } from '../uploads/clean-up.ts';

/** What was done for a due upload; `left`: another run was faster, or it is not due any more. */
export type UploadSweepResult = 'expired' | 'redriven' | 'givenUp' | 'cleaned' | 'left';

/**
 * What a due upload needs: a ticket that nobody used expires; one that was sent, or whose worker is gone, gets its
 * message again until it is given up; one that has ended is cleaned up.
 */
export async function sweepUpload(
  dependencies: MaintenanceDependencies,
  { upload, workAt }: { readonly upload: UploadRecord; readonly workAt: string },
): Promise<UploadSweepResult> {
  if (upload.workAt !== workAt) return 'left';
  if (isTerminal(upload.status)) return cleanUp(dependencies, upload);
  if (await isUnused(dependencies, upload)) return expire(dependencies, upload);
  if (waitsForBytes(upload)) return announce(dependencies, upload);
  return redrive(dependencies, { uploadId: upload.uploadId, seenWorkAt: workAt });
}

/** Whether nothing was ever sent for it. A render needs no bytes, so it never is. */
async function isUnused({ storage }: MaintenanceDependencies, upload: UploadRecord): Promise<boolean> {
  if (upload.kind === 'render' || upload.status !== 'pending') return false;
  return (await infoOrUndefined(storage, upload.key)) === undefined;
}

/** The event of its bytes was lost, or is late. */
async function announce(
  { metadata, queues, clock }: MaintenanceDependencies,
  { uploadId }: UploadRecord,
): Promise<UploadSweepResult> {
  if ((await metadata.markSent({ uploadId, now: clock() })) !== 'marked') return 'left';
  await queues.sendUpload({ uploadId });
  return 'redriven';
}

/** Its parts, if it is multipart, are removed by the clean-up, which is due from now on. */
async function expire(dependencies: MaintenanceDependencies, upload: UploadRecord): Promise<UploadSweepResult> {
  const { metadata, clock } = dependencies;
  const { uploadId, sentAt } = upload;
  const expired = await metadata.expireUpload({ uploadId, sentAt, now: clock(), seen: upload });
  return expired === 'expired' ? 'expired' : 'left';
}

async function cleanUp(dependencies: MaintenanceDependencies, upload: UploadRecord): Promise<UploadSweepResult> {
  if (upload.kind === 'attachment' && upload.multipart && upload.leases === 0) {
    await dependencies.storage.abortMultipartUpload({ key: upload.key, multipartId: upload.multipart.multipartId });
  }
  await cleanUpAfter(dependencies, upload);
  return 'cleaned';
}

/** Sends an upload's message again, once for all who saw it due, or gives it up. */
export async function redrive(
  { metadata, queues, settings, clock }: Pick<MaintenanceDependencies, 'metadata' | 'queues' | 'settings' | 'clock'>,
  { uploadId, seenWorkAt }: { readonly uploadId: string; readonly seenWorkAt: string },
): Promise<Extract<UploadSweepResult, 'redriven' | 'givenUp' | 'left'>> {
  const giveUpAfter = settings.giveUpMilliseconds;
  const outcome = await metadata.redriveUpload({ uploadId, seenWorkAt, giveUpAfter, now: clock() });
  if (outcome === 'rejected') return 'givenUp';
  if (outcome === 'stale') return 'left';
  await queues.sendUpload({ uploadId });
  return 'redriven';
}
