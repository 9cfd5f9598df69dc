import type { WorkerDependencies } from '../shared/dependencies.ts';
import { type ProcessingResult, processUpload } from '../shared/uploads/process-upload.ts';
import { uploadMessagesOf } from './events.ts';
import { type QueueHandler, queuePipeline } from './middleware.ts';

/**
 * The worker behind the uploads queue. What becomes of a message:
 *
 * | what happened | the upload | the message |
 * |---|---|---|
 * | published, superseded | ends | acknowledged |
 * | bad content (any ContentRejectedError) | ends `rejected` with its code | acknowledged, never retried |
 * | it had ended before | stays; leftovers are removed | acknowledged |
 * | pending and no bytes there | stays pending until it expires | acknowledged |
 * | unknown id, other keys, s3:TestEvent | - | acknowledged |
 * | storage, metadata or scanner fault; another worker holds the lease | stays; the attempt is given back | retried |
 * | the worker dies, or a defect | the lease lapses, the attempt counts; the fourth ends `processing_failed` | retried |
 * | a message nobody of this product writes | - | retried, then in the dead-letter queue |
 */
export function createProcessUploadHandler(dependencies: WorkerDependencies): QueueHandler {
  const { log, settings } = dependencies;
  return queuePipeline(log, async (record) => {
    for (const message of uploadMessagesOf(record, settings.bucket)) {
      if ('ignored' in message) log.warn('nothing to process', message);
      else report(dependencies, message.uploadId, await processUpload(dependencies, message));
    }
  });
}

function report({ log }: WorkerDependencies, uploadId: string, ended: ProcessingResult): void {
  log.info('upload processed', { uploadId, ...ended });
}
