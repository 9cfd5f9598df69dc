import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { routeOf } from '../../shared/api/routes.ts';
import type { Dependencies } from '../../shared/dependencies.ts';
import { createApiHandler } from '../api.ts';
import { type HttpEvent, purgeMessageOf } from '../events.ts';
import { createMaintenanceHandler, type ScheduleEvent } from '../maintenance.ts';
import { createProcessUploadHandler } from '../process-upload.ts';
import { createPublicApiHandler } from '../public-api.ts';

const CREATE_HANDLER = {
  'public-api': createPublicApiHandler,
  api: createApiHandler,
  'process-upload': createProcessUploadHandler,
  maintenance: createMaintenanceHandler,
} as const;

type FunctionName = keyof typeof CREATE_HANDLER;

/**
 * Which function gets such an event on AWS: a request by its route, a message by what it asks for, the schedule. An
 * event of no trigger is for none.
 */
export function functionOf(event: unknown): FunctionName | undefined {
  if (typeof event !== 'object' || event === null) return undefined;
  const { routeKey, Records, 'detail-type': type } = event as Partial<HttpEvent & SQSEvent & ScheduleEvent>;
  if (typeof routeKey === 'string') return routeOf(routeKey)?.operation.group ?? 'public-api';
  if (Array.isArray(Records)) return Records.some(asksForPurge) ? 'maintenance' : 'process-upload';
  return type === 'Scheduled Event' ? 'maintenance' : undefined;
}

/** Whatever else a message says, the worker tells what it cannot read. */
function asksForPurge(record: SQSRecord): boolean {
  try {
    purgeMessageOf(record);
    return true;
  } catch {
    return false;
  }
}

/** Calls the function as Lambda would, and resolves to its answer. `event` is one that `functionOf` says is for it. */
export async function callFunction(dependencies: Dependencies, name: FunctionName, event: unknown): Promise<unknown> {
  const handler = CREATE_HANDLER[name](dependencies) as (event: unknown, context: Context) => Promise<unknown>;
  return handler(event, { awsRequestId: dependencies.newId() } as Context);
}
