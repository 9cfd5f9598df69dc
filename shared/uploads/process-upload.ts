import { writeAttachment } from '../attachments/write-attachment.ts';
import { findOriginal } from '../avatars/avatar-objects.ts';
import { publishAvatar } from '../avatars/publish-avatar.ts';
import type { WorkerDependencies } from '../dependencies.ts';
import { AppError, ContentRejectedError, DependencyUnavailableError, type RejectionCode } from '../errors.ts';
import { type AttachmentUpload, isTerminal, type UploadForAvatar, type UploadRecord } from '../metadata/records.ts';
import { type FileInfo, infoOrUndefined } from '../storage/storage-backend.ts';
import { cleanUpAfter } from './clean-up.ts';
import { prepareAvatar } from './prepare-avatar.ts';
import { findSource, sourceFaultOf } from './upload-source.ts';

/** Workers that may die over one file before it is taken for the cause. */
const MAX_DEATHS = 3;

/** How one delivery of an upload's event ended. */
export type ProcessingResult =
  | { readonly result: 'published' | 'superseded' | 'finished_before' | 'no_bytes_yet' | 'unknown' | 'lost_lease' }
  | { readonly result: 'rejected'; readonly code: RejectionCode };

interface Leased {
  readonly upload: UploadRecord;
  readonly leaseId: string;
}

/**
 * Brings one upload to its end: checks the bytes, renders them, publishes them. Safe to repeat at any point and in any
 * order: the record's lease keeps workers apart, its generation keeps older uploads from winning, and what a delivery
 * left undone after the end is done by the next one.
 * @throws when the event must be delivered again. After a fault of the infrastructure the attempt is given back.
 */
export async function processUpload(
  dependencies: WorkerDependencies,
  { uploadId }: { readonly uploadId: string },
): Promise<ProcessingResult> {
  const { storage, metadata } = dependencies;
  const seen = await metadata.getUpload({ uploadId });
  if (!seen) return { result: 'unknown' };
  // Looked at before the lease is taken: the version seen first is the one that counts (a POST form can be sent twice).
  const sent = seen.kind === 'render' ? undefined : await infoOrUndefined(storage, seen.key);
  if (seen.kind !== 'render' && seen.status === 'pending' && !sent) return { result: 'no_bytes_yet' };

  const begun = await begin(dependencies, { uploadId, eTag: sent?.eTag });
  if (begun.outcome === 'unknown') return { result: 'unknown' };
  if (begun.outcome === 'busy') throw new DependencyUnavailableError(`upload ${uploadId} is in another worker's hands`);
  if (begun.outcome === 'finished') {
    await cleanUpAfter(dependencies, begun.upload);
    return { result: 'finished_before' };
  }
  const ended = await underLease(dependencies, begun);
  measure(dependencies, ended, startOf(begun.upload, sent));
  // Also without the lease: what this worker wrote after another one had ended the upload must go too.
  const upload = await metadata.getUpload({ uploadId });
  if (upload && isTerminal(upload.status)) await cleanUpAfter(dependencies, upload);
  return ended;
}

/**
 * From when an upload's latency counts. A render: from its request. What was sent: from when the storage had it
 * (`lastModified`, on S3 in whole seconds), so lost events and dead workers are in it. Undefined: an earlier worker kept
 * the original, and the bytes are gone; or it came in parts, which S3 dates at their beginning.
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

async function begin(
  { metadata, settings, clock, newId }: WorkerDependencies,
  { uploadId, eTag }: { uploadId: string; eTag: string | undefined },
) {
  const now = clock();
  const leaseId = newId();
  const leaseUntil = new Date(now.getTime() + settings.leaseSeconds * 1000).toISOString();
  const begun = await metadata.beginUpload({ uploadId, leaseId, leaseUntil, now, ...(eTag !== undefined && { eTag }) });
  return { ...begun, leaseId };
}

async function underLease(dependencies: WorkerDependencies, leased: Leased): Promise<ProcessingResult> {
  try {
    if (leased.upload.attempts > MAX_DEATHS) {
      const rejected = await reject(dependencies, leased, 'processing_failed');
      // Once claimed, its objects may be public: it must be carried to its end, not undone.
      if (rejected !== 'claimed') return rejected;
    }
    return await checkAndPublish(dependencies, leased);
  } catch (error) {
    // What a dependency failed at has a name of ours. Anything else is a defect: the attempt counts, so that a file that
    // meets it each time ends after all.
    if (error instanceof AppError) await giveBack(dependencies, leased);
    throw error;
  }
}

async function checkAndPublish(dependencies: WorkerDependencies, leased: Leased): Promise<ProcessingResult> {
  const { upload, leaseId } = leased;
  try {
    const result = await publish(dependencies, leased);
    if (result !== 'superseded') return { result };
    const { uploadId } = upload;
    return { result: await dependencies.metadata.supersedeUpload({ uploadId, leaseId, now: dependencies.clock() }) };
  } catch (error) {
    if (!(error instanceof ContentRejectedError)) throw error;
    const rejected = await reject(dependencies, leased, error.code);
    if (rejected !== 'claimed') return rejected;
    dependencies.log.error('a claimed upload cannot be rejected', { uploadId: upload.uploadId, code: error.code });
    throw new DependencyUnavailableError('claimed before its content was refused', { cause: error });
  }
}

async function publish(
  dependencies: WorkerDependencies,
  { upload, leaseId }: Leased,
): Promise<'published' | 'superseded' | 'lost_lease'> {
  if (upload.kind === 'attachment') return publishAttachment(dependencies, { upload, leaseId });
  const source = await findSource(dependencies, upload);
  const finished = source && (await prepareAvatar(dependencies, { upload, source }));
  return finished ? publishAvatar(dependencies, { upload, leaseId, finished }) : 'superseded';
}

async function publishAttachment(
  dependencies: WorkerDependencies,
  { upload, leaseId }: { readonly upload: AttachmentUpload; readonly leaseId: string },
): Promise<'published' | 'superseded' | 'lost_lease'> {
  const { metadata, clock } = dependencies;
  const file = await writeAttachment(dependencies, upload).catch((error: unknown) => {
    throw sourceFaultOf(error) ?? error;
  });
  return metadata.publishAttachment({ uploadId: upload.uploadId, leaseId, file, now: clock() });
}

async function reject(
  { storage, metadata, clock }: WorkerDependencies,
  { upload, leaseId }: Leased,
  code: RejectionCode,
): Promise<ProcessingResult | 'claimed'> {
  const { uploadId } = upload;
  const nothingWritten = upload.kind === 'attachment' || (await isUnwritten(storage, upload));
  const result = await metadata.rejectUpload({ uploadId, leaseId, code, nothingWritten, now: clock() });
  if (result === 'rejected') return { result, code };
  return result === 'claimed' ? result : { result };
}

async function isUnwritten(
  storage: WorkerDependencies['storage'],
  { avatar, generation }: UploadForAvatar,
): Promise<boolean> {
  return (await findOriginal(storage, avatar, generation)) === undefined;
}

async function giveBack({ metadata, clock, log }: WorkerDependencies, { upload, leaseId }: Leased): Promise<void> {
  const { uploadId } = upload;
  try {
    await metadata.releaseLease({ uploadId, leaseId, now: clock() });
  } catch (error) {
    // The fault that brought us here is the one to report; this lease lapses by itself.
    log.warn('a lease could not be given back', { uploadId, error });
  }
}
