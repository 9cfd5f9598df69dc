import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { routeOf } from '../../shared/api/routes.ts';
import type { Dependencies } from '../../shared/dependencies.ts';
import { createApiHandler } from '../api.ts';
import { type HttpEvent, maintenanceMessageOf } from '../events.ts';
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
 * The function that gets such an event on AWS: a request by its route, a message by what it asks for, or the schedule.
 * Undefined for an event that no trigger sends.
 */
export function functionOf(event: unknown): FunctionName | undefined {
  if (typeof event !== 'object' || event === null) return undefined;
  const { routeKey, Records, 'detail-type': type } = event as Partial<HttpEvent & SQSEvent & ScheduleEvent>;
  if (typeof routeKey === 'string') return routeOf(routeKey)?.operation.group ?? 'public-api';
  if (Array.isArray(Records)) return Records.some(isForMaintenance) ? 'maintenance' : 'process-upload';
  return type === 'Scheduled Event' ? 'maintenance' : undefined;
}

/** The worker gets every other message: it reports those that it cannot read. */
function isForMaintenance(record: SQSRecord): boolean {
  try {
    maintenanceMessageOf(record);
    return true;
  } catch {
    return false;
  }
}

/** Calls the function as Lambda would and resolves with its response. `functionOf` names the function of an event. */
export async function callFunction(dependencies: Dependencies, name: FunctionName, event: unknown): Promise<unknown> {
  const handler = CREATE_HANDLER[name](dependencies) as (event: unknown, context: Context) => Promise<unknown>;
  return handler(event, { awsRequestId: dependencies.newId() } as Context);
}
