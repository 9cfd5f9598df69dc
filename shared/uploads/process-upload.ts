import { writeAttachment } from '../attachments/write-attachment.ts';
import { writeVersion } from '../avatars/write-version.ts';
import type { WorkerDependencies } from '../dependencies.ts';
import { AppError, ContentRejectedError, type RejectionCode } from '../errors.ts';
import {
  type AttachmentUpload,
  instantAfter,
  isTerminal,
  type UploadForAvatar,
  type UploadRecord,
} from '../metadata/records.ts';
import { type FileInfo, infoOrUndefined } from '../storage/storage-backend.ts';
import { cleanUpAfter } from './clean-up.ts';
import { prepareAvatar } from './prepare-avatar.ts';
import { messageRetry, type Retry, retryLater } from './retry-later.ts';
import { findSource, sourceFaultOf } from './upload-source.ts';

/** Workers that may die over one file before it is taken for the cause. */
const MAX_DEATHS = 3;

/** How one delivery of an upload's event ended. */
export type ProcessingResult =
  | { readonly result: 'published' | 'superseded' | 'finished_before' | 'no_bytes_yet' | 'unknown' | 'lost_lease' }
  | { readonly result: 'rejected'; readonly code: RejectionCode }
  | Retry;

interface Delivery {
  readonly uploadId: string;
  /** How often its message was delivered, from 1. */
  readonly receives: number;
}

interface Leased {
  readonly upload: UploadRecord;
  readonly leaseId: string;
}

/**
 * Brings one upload to its end: checks the bytes, renders them, publishes them. Safe to repeat at any point and in any
 * order: the record's lease keeps workers apart, its generation keeps older uploads from winning, and what a delivery
 * left undone after the end is done by the next one or by the sweep.
 *
 * A failing dependency never counts as an attempt: `retry` and `deferred` say who tries again.
 * @throws for a defect, which counts as an attempt, and for a metadata store that fails at the last delivery.
 */
export async function processUpload(dependencies: WorkerDependencies, delivery: Delivery): Promise<ProcessingResult> {
  let upload: UploadRecord | undefined;
  try {
    upload = await dependencies.metadata.getUpload(delivery);
    if (!upload) return { result: 'unknown' };
    if (isTerminal(upload.status)) return await finishedBefore(dependencies, upload);
    return await attempt(dependencies, delivery, upload);
  } catch (error) {
    return handleFault(dependencies, { ...delivery, upload }, error);
  }
}

async function attempt(
  dependencies: WorkerDependencies,
  delivery: Delivery,
  seen: UploadRecord,
): Promise<ProcessingResult> {
  // Looked at before the lease is taken: the version seen first is the one that counts (a POST form can be sent twice).
  const sent = seen.kind === 'render' ? undefined : await infoOrUndefined(dependencies.storage, seen.key);
  if (seen.kind !== 'render' && seen.status === 'pending' && !sent) return { result: 'no_bytes_yet' };
  const begun = await begin(dependencies, seen, sent?.eTag);
  if (begun.outcome === 'unknown') return { result: 'unknown' };
  if (begun.outcome === 'busy') return waitForLease(dependencies, delivery, begun.leaseUntil);
  if (begun.outcome === 'finished') return finishedBefore(dependencies, begun.upload);
  const ended = await underLease(dependencies, delivery, begun);
  measure(dependencies, ended, startOf(begun.upload, sent));
  await cleanUp(dependencies, delivery.uploadId, ended);
  return ended;
}

/** A failing clean-up has one owner: the sweep while it is due, and afterwards the message of what was sent once more. */
async function finishedBefore(dependencies: WorkerDependencies, upload: UploadRecord): Promise<ProcessingResult> {
  if (upload.cleanUp) await cleanUp(dependencies, upload.uploadId, { result: 'finished_before' });
  else await cleanUpAfter(dependencies, upload);
  return { result: 'finished_before' };
}

async function begin(
  { metadata, settings, clock, newId }: WorkerDependencies,
  seen: UploadRecord,
  eTag: string | undefined,
) {
  const now = clock();
  const leaseId = newId();
  const leaseUntil = instantAfter(now, settings.leaseSeconds * 1000);
  const { uploadId } = seen;
  const lease = { uploadId, leaseId, leaseUntil, now, seen, ...(eTag !== undefined && { eTag }) };
  return { ...(await metadata.beginUpload(lease)), leaseId };
}

/** Another worker has the upload: again when its lease is over. The record is due then, so the last delivery may go. */
function waitForLease({ clock }: WorkerDependencies, { receives }: Delivery, leaseUntil: string): Retry {
  if (!messageRetry(receives)) return { result: 'deferred' };
  const left = Date.parse(leaseUntil) - clock().getTime();
  return { result: 'retry', afterSeconds: Math.ceil(left / 1000) + 1 };
}

async function underLease(
  dependencies: WorkerDependencies,
  delivery: Delivery,
  leased: Leased,
): Promise<ProcessingResult> {
  try {
    if (leased.upload.attempts > MAX_DEATHS) return await reject(dependencies, leased, 'processing_failed');
    return await checkAndPublish(dependencies, leased);
  } catch (error) {
    return handleFault(dependencies, { ...delivery, ...leased }, error);
  }
}

/** Failures of dependencies are AppErrors. Anything else is a defect, which counts as an attempt: the upload must end. */
async function handleFault(
  dependencies: WorkerDependencies,
  failed: Parameters<typeof retryLater>[1],
  error: unknown,
): Promise<ProcessingResult> {
  if (!(error instanceof AppError)) throw error;
  const { uploadId, receives } = failed;
  const result = await retryLater(dependencies, failed);
  if (result.result === 'deferred') dependencies.metrics.record({ UploadsDeferred: 1 });
  dependencies.log.warn('an upload could not be processed now', { uploadId, receives, ...result, error });
  return result;
}

async function checkAndPublish(dependencies: WorkerDependencies, leased: Leased): Promise<ProcessingResult> {
  const { metadata, clock } = dependencies;
  try {
    const result = await publish(dependencies, leased);
    if (result !== 'superseded') return { result };
    const { upload, leaseId } = leased;
    return {
      result: await metadata.supersedeUpload({ uploadId: upload.uploadId, leaseId, now: clock(), seen: upload }),
    };
  } catch (error) {
    if (!(error instanceof ContentRejectedError)) throw error;
    return reject(dependencies, leased, error.code);
  }
}

type Published = 'published' | 'superseded' | 'lost_lease';

function publish(dependencies: WorkerDependencies, { upload, leaseId }: Leased): Promise<Published> {
  return upload.kind === 'attachment'
    ? publishAttachment(dependencies, upload, leaseId)
    : publishAvatar(dependencies, upload, leaseId);
}

async function publishAvatar(
  dependencies: WorkerDependencies,
  upload: UploadForAvatar,
  leaseId: string,
): Promise<Published> {
  const { metadata, clock } = dependencies;
  const source = await findSource(dependencies, upload);
  if (!source) return 'superseded';
  const finished = await prepareAvatar(dependencies, { upload, source });
  const image = await writeVersion(dependencies, { upload, finished });
  return metadata.publishAvatar({ uploadId: upload.uploadId, leaseId, image, now: clock(), seen: upload });
}

async function publishAttachment(
  dependencies: WorkerDependencies,
  upload: AttachmentUpload,
  leaseId: string,
): Promise<Published> {
  const { metadata, clock } = dependencies;
  const file = await writeAttachment(dependencies, upload).catch((error: unknown) => {
    throw sourceFaultOf(error) ?? error;
  });
  return metadata.publishAttachment({ uploadId: upload.uploadId, leaseId, file, now: clock(), seen: upload });
}

async function reject(
  { metadata, clock }: WorkerDependencies,
  { upload, leaseId }: Leased,
  code: RejectionCode,
): Promise<ProcessingResult> {
  const { uploadId } = upload;
  const result = await metadata.rejectUpload({ uploadId, leaseId, code, now: clock(), seen: upload });
  return result === 'rejected' ? { result, code } : { result };
}

/** Also without the lease: what this worker wrote after another one had ended the upload must go too. */
async function cleanUp(
  dependencies: WorkerDependencies,
  uploadId: string,
  { result }: ProcessingResult,
): Promise<void> {
  if (result === 'retry' || result === 'deferred') return;
  try {
    const upload = await dependencies.metadata.getUpload({ uploadId });
    if (upload && isTerminal(upload.status)) await cleanUpAfter(dependencies, upload);
  } catch (error) {
    // The end is recorded, and so is that its clean-up is due: the sweep repeats it until it succeeds.
    dependencies.log.warn('an ended upload could not be cleaned up now', { uploadId, error });
  }
}

/**
 * From when an upload's latency counts. A render: from its request. What was sent: from when the storage had it
 * (`lastModified`, on S3 in whole seconds), so lost events and dead workers are included. Undefined: the bytes are gone,
 * or it was a multipart upload, which S3 dates at its beginning.
 */
function startOf(upload: UploadRecord, sent: FileInfo | undefined): Date | undefined {
  if (upload.kind === 'render') return new Date(upload.createdAt);
  return upload.method === 'multipart' ? undefined : sent?.lastModified;
}

/** Counts how an upload ended. ReadyLatency runs from `since` to now. */
function measure({ metrics, clock }: WorkerDependencies, { result }: ProcessingResult, since?: Date): void {
  if (result === 'superseded') metrics.record({ UploadsSuperseded: 1 });
  if (result === 'rejected') metrics.record({ UploadsReady: 0, UploadsRejected: 1 });
  if (result !== 'published') return;
  // Never below 0, though the clocks of storage and worker differ.
  const latency = since && { ReadyLatency: Math.max(0, clock().getTime() - since.getTime()) };
  metrics.record({ UploadsReady: 1, UploadsRejected: 0, ...latency });
}
