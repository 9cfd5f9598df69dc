import type { WorkerDependencies } from '../dependencies.ts';
import { instantAfter, type UploadRecord } from '../metadata/records.ts';
import { pauseAfter, RETENTION } from '../metadata/retention.ts';

/** Seconds until a message is delivered again, after its first, second and third delivery. */
const MESSAGE_PAUSES = [5, 20, 80];
/** An upload that has been failing for longer is tried once for each message: the sweep sends a new one. */
const MESSAGE_RETRIES_MILLISECONDS = 5 * 60_000;

/** What becomes of a message whose work could not be done now. */
export type Retry =
  /** The same message again after so many seconds. */
  | { readonly result: 'retry'; readonly afterSeconds: number }
  /** The message is done with: the upload's record says when the sweep sends another one. */
  | { readonly result: 'deferred' };

/** Whether the queue delivers the message once more. From the fourth delivery on the sweep owns the retry. */
export function messageRetry(receives: number): Extract<Retry, { result: 'retry' }> | undefined {
  const seconds = MESSAGE_PAUSES[receives - 1];
  // Jitter of a quarter: what failed together would fail together again.
  return seconds === undefined
    ? undefined
    : { result: 'retry', afterSeconds: Math.round(seconds * (1 + Math.random() / 4)) };
}

/**
 * After a dependency failed: releases the lease, if there is one, and decides who tries again, the queue or the sweep. An
 * upload that has been failing for too long ends rejected; one whose lease was lost is no longer this worker's.
 * @throws what the metadata store throws, when the queue would not deliver the message again.
 */
export async function retryLater(
  { metadata, settings, clock, log }: Pick<WorkerDependencies, 'metadata' | 'settings' | 'clock' | 'log'>,
  failed: {
    readonly uploadId: string;
    readonly upload: UploadRecord | undefined;
    readonly leaseId?: string;
    readonly receives: number;
  },
): Promise<
  Retry | { readonly result: 'rejected'; readonly code: 'processing_failed' } | { readonly result: 'lost_lease' }
> {
  const { uploadId, upload, leaseId, receives } = failed;
  const now = clock();
  const failingFor = upload?.failingSince === undefined ? 0 : now.getTime() - Date.parse(upload.failingSince);
  const retry = failingFor > MESSAGE_RETRIES_MILLISECONDS ? undefined : messageRetry(receives);
  const pause = retry ? RETENTION.redriveDelay : pauseAfter(upload?.failingSince ?? now.toISOString(), now);
  try {
    const deferred = await metadata.deferUpload({
      uploadId,
      ...(leaseId !== undefined && { leaseId }),
      retryAt: instantAfter(now, pause),
      giveUpAfter: settings.giveUpMilliseconds,
      now,
    });
    if (deferred === 'rejected') return { result: 'rejected', code: 'processing_failed' };
    // Another worker has taken the upload over. What failed here may only have done so because of what it did.
    if (deferred === 'not_held' && leaseId !== undefined) return { result: 'lost_lease' };
  } catch (error) {
    if (!retry) throw error;
    log.warn('a failed attempt could not be recorded; its lease lapses by itself', { uploadId, error });
  }
  return retry ?? { result: 'deferred' };
}
