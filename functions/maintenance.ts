import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { MaintenanceDependencies } from '../shared/dependencies.ts';
import { purgeAvatar } from '../shared/maintenance/purge.ts';
import { removeAttachment } from '../shared/maintenance/remove-attachment.ts';
import { sweep, sweepShard } from '../shared/maintenance/sweep.ts';
import type { SweepCounts } from '../shared/maintenance/sweep-run.ts';
import { type MaintenanceMessage, maintenanceMessageOf } from './events.ts';
import { queuePipeline } from './middleware.ts';

/** What EventBridge sends each minute. Its content is not read. */
export interface ScheduleEvent {
  readonly 'detail-type': 'Scheduled Event';
}

export interface MaintenanceHandler {
  (event: SQSEvent, context: Context): Promise<SQSBatchResponse>;
  (event: ScheduleEvent, context: Context): Promise<SweepCounts>;
}

/** A sweep begins nothing new this long before the function's timeout, so that what it has begun can end. */
const MARGIN_MILLISECONDS = 10_000;
/** The timeout of a call that no Lambda limits. */
const DEFAULT_TIMEOUT_MILLISECONDS = 60_000;
/** The schedule sends a shard that still has work each minute, so an older message has a newer one behind it. */
const SWEEP_MESSAGE_MILLISECONDS = 120_000;

/**
 * Each minute (schedule), does what is due; in between (maintenance queue), purges what was just deleted and sweeps the
 * shards that the schedule hands out. The sweep owns every retry: what a message is about is due until it is done.
 *
 * | what happened | the record | the message |
 * |---|---|---|
 * | purged, removed, swept | done | acknowledged |
 * | any of these failed | stays due for the sweep | acknowledged |
 * | a sweep message older than two minutes | stays due for the sweep | acknowledged |
 * | the function dies | stays due for the sweep | retried after the visibility timeout, 360 s |
 * | a message that the service does not send | - | retried; after receive 5 in the dead-letter queue |
 */
export function createMaintenanceHandler(dependencies: MaintenanceDependencies): MaintenanceHandler {
  const { log, clock } = dependencies;
  const deadlineIn = (context: Context) => deadlineOf(context, clock());
  const maintainFromQueue = queuePipeline({
    log,
    work: async (record, context) => {
      const message = maintenanceMessageOf(record);
      if ('sweep' in message && isSuperseded(record, clock())) return;
      try {
        await maintain(dependencies, message, deadlineIn(context));
      } catch (error) {
        log.error('maintenance failed; its records stay due for the sweep', { ...message, error });
      }
    },
  });
  return middy<SQSEvent | ScheduleEvent, SQSBatchResponse | SweepCounts>().handler(
    async (event: SQSEvent | ScheduleEvent, context: Context) =>
      'Records' in event ? maintainFromQueue(event, context) : sweep(dependencies, { deadline: deadlineIn(context) }),
  ) as unknown as MaintenanceHandler;
}

async function maintain(
  dependencies: MaintenanceDependencies,
  message: MaintenanceMessage,
  deadline: Date,
): Promise<void> {
  if ('sweep' in message) await sweepShard(dependencies, { ...message.sweep, deadline });
  else if ('avatar' in message.purge) await purgeAvatar(dependencies, message.purge.avatar);
  else await removeAttachment(dependencies, { fileId: message.purge.attachment });
}

/** Without this, a backlog of sweep messages would keep purges waiting for as long as the backlog of work lasts. */
function isSuperseded({ attributes }: SQSRecord, now: Date): boolean {
  const sentAt = Number(attributes?.SentTimestamp ?? now.getTime());
  return now.getTime() - sentAt > SWEEP_MESSAGE_MILLISECONDS;
}

function deadlineOf(context: Context, now: Date): Date {
  const left = context.getRemainingTimeInMillis?.() ?? DEFAULT_TIMEOUT_MILLISECONDS;
  return new Date(now.getTime() + left - MARGIN_MILLISECONDS);
}
