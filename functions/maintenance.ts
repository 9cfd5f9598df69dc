import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { MaintenanceDependencies } from '../shared/dependencies.ts';
import { purgeAvatars } from '../shared/maintenance/purge.ts';
import { removeAttachment } from '../shared/maintenance/remove-attachment.ts';
import { type SweepCounts, sweep } from '../shared/maintenance/sweep.ts';
import { purgeMessageOf } from './events.ts';
import { queuePipeline } from './middleware.ts';

/** What EventBridge sends each minute; its content is not looked at. */
export interface ScheduleEvent {
  readonly 'detail-type': 'Scheduled Event';
}

export interface MaintenanceHandler {
  (event: SQSEvent, context: Context): Promise<SQSBatchResponse>;
  (event: ScheduleEvent, context: Context): Promise<SweepCounts>;
}

/**
 * Purges at once what was deleted (maintenance queue), and each minute everything that is due (schedule). A purge that
 * fails is retried by the queue; one that the CDN has no room for stays due for the sweep.
 */
export function createMaintenanceHandler(dependencies: MaintenanceDependencies): MaintenanceHandler {
  const purgeFromQueue = queuePipeline(dependencies.log, async (record) => {
    const purge = purgeMessageOf(record);
    if ('avatar' in purge) await purgeAvatars(dependencies, [purge.avatar]);
    else await removeAttachment(dependencies, { fileId: purge.attachment });
  });
  return middy<SQSEvent | ScheduleEvent, SQSBatchResponse | SweepCounts>().handler(
    async (event: SQSEvent | ScheduleEvent, context: Context) =>
      'Records' in event ? purgeFromQueue(event, context) : sweep(dependencies),
  ) as unknown as MaintenanceHandler;
}
