import type { MaintenanceDependencies } from '../dependencies.ts';
import { isTerminal, type UploadRecord } from '../metadata/records.ts';
import { infoOrUndefined } from '../storage/storage-backend.ts';
import { cleanUpAfter } from '../uploads/clean-up.ts';

/** What was done for a due upload; `left`: another run was faster, or it is not due any more. */
export type UploadSweepResult = 'expired' | 'redriven' | 'cleaned' | 'left';

/**
 * What a due upload needs: a ticket that nobody used expires; one that was sent, or whose worker is gone, gets its
 * message again; one that has ended is cleaned up.
 */
export async function sweepUpload(
  dependencies: MaintenanceDependencies,
  { upload, workAt }: { readonly upload: UploadRecord; readonly workAt: string },
): Promise<UploadSweepResult> {
  const { clock } = dependencies;
  if (upload.workAt !== workAt) return 'left';
  if (isTerminal(upload.status)) return cleanUp(dependencies, upload);
  if (await isUnused(dependencies, upload)) return expire(dependencies, upload);
  const { uploadId } = upload;
  return (await redrive(dependencies, { uploadId, seenWorkAt: workAt, now: clock() })) ? 'redriven' : 'left';
}

/** Whether nothing was ever sent for it. A render needs no bytes, so it never is. */
async function isUnused({ storage }: MaintenanceDependencies, upload: UploadRecord): Promise<boolean> {
  if (upload.kind === 'render' || upload.status !== 'pending') return false;
  return (await infoOrUndefined(storage, upload.key)) === undefined;
}

/** Its parts, if it is multipart, are removed by the clean-up, which is due from now on. */
async function expire(dependencies: MaintenanceDependencies, upload: UploadRecord): Promise<UploadSweepResult> {
  const { metadata, clock } = dependencies;
  const { uploadId } = upload;
  const expired = await metadata.expireUpload({ uploadId, now: clock(), seen: upload });
  return expired === 'expired' ? 'expired' : 'left';
}

async function cleanUp(dependencies: MaintenanceDependencies, upload: UploadRecord): Promise<UploadSweepResult> {
  if (upload.kind === 'attachment' && upload.multipart && upload.leases === 0) {
    await dependencies.storage.abortMultipartUpload({ key: upload.key, multipartId: upload.multipart.multipartId });
  }
  await cleanUpAfter(dependencies, upload);
  return 'cleaned';
}

/** Sends an upload's message again, once for all who saw it due. */
export async function redrive(
  { metadata, queues }: Pick<MaintenanceDependencies, 'metadata' | 'queues'>,
  { uploadId, seenWorkAt, now }: { readonly uploadId: string; readonly seenWorkAt: string; readonly now: Date },
): Promise<boolean> {
  if ((await metadata.redriveUpload({ uploadId, seenWorkAt, now })) !== 'redriven') return false;
  await queues.sendUpload({ uploadId });
  return true;
}
