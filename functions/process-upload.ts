import type { SQSRecord } from 'aws-lambda';
import type { WorkerDependencies } from '../shared/dependencies.ts';
import { processUpload } from '../shared/uploads/process-upload.ts';
import { uploadMessagesOf } from './events.ts';
import { type QueueHandler, queuePipeline, type RetryRequest } from './middleware.ts';

/**
 * The worker behind the uploads queue. A retry has one owner: the message for the first two minutes, then the sweep.
 * Only a death of the worker or a defect is left to the visibility timeout (720 s) and the dead-letter queue.
 *
 * | what happened | the upload | the message |
 * |---|---|---|
 * | published, superseded | ends | acknowledged |
 * | rejected content (any ContentRejectedError), or an image beyond the limits of time or memory | ends `rejected` with its code | acknowledged |
 * | it had ended before | unchanged; its leftovers are removed | acknowledged |
 * | pending, and no bytes are stored | stays pending until it expires | acknowledged |
 * | unknown id, other keys, s3:TestEvent | - | acknowledged |
 * | storage, metadata or scanner fault, receives 1 to 3 | the attempt does not count | retried after 5 s, 20 s, 80 s |
 * | another worker holds the lease, receives 1 to 3 | unchanged | retried when the lease ends |
 * | either of them, from receive 4 on | due for the sweep | acknowledged; the sweep sends a new one |
 * | failing for GIVE_UP_HOURS | ends `rejected`: `processing_failed` | acknowledged |
 * | the worker dies, the process that renders crashes, or a defect | the attempt counts; the fourth ends `processing_failed` | retried after 720 s |
 * | a message that the service does not send | - | retried after 720 s |
 * | receive 5 was not acknowledged | due for the sweep | in the dead-letter queue |
 */
export function createProcessUploadHandler(dependencies: WorkerDependencies): QueueHandler {
  const { log, visibility } = dependencies;
  return queuePipeline({ log, visibility, work: (record) => processMessage(dependencies, record) });
}

/** An S3 event may be about several uploads: the message comes back for the one that is retried first. */
async function processMessage(dependencies: WorkerDependencies, record: SQSRecord): Promise<RetryRequest | undefined> {
  const { log, settings } = dependencies;
  const receives = receivesOf(record);
  const delays: number[] = [];
  for (const message of uploadMessagesOf(record, settings.bucket)) {
    if ('ignored' in message) {
      log.warn('nothing to process', message);
      continue;
    }
    const ended = await processUpload(dependencies, { ...message, receives });
    log.info('upload processed', { ...message, ...ended });
    if (ended.result === 'retry') delays.push(ended.afterSeconds);
  }
  return delays.length > 0 ? { retryInSeconds: Math.min(...delays) } : undefined;
}

/** How often the message has been received, this time included. An event that was written by hand may not say so. */
function receivesOf({ attributes }: SQSRecord): number {
  return Number(attributes?.ApproximateReceiveCount ?? 1);
}
