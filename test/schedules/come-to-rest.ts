import type { PurgeMessage } from '../../shared/dependencies.ts';
import { purgeAvatar } from '../../shared/maintenance/purge.ts';
import { removeAttachment } from '../../shared/maintenance/remove-attachment.ts';
import { sweep } from '../../shared/maintenance/sweep.ts';
import { type ProcessingResult, processUpload } from '../../shared/uploads/process-upload.ts';
import type { TaskEnd } from './gated-task.ts';
import type { Message } from './port-call.ts';
import type { Task } from './scenario.ts';

/** Where tasks are run one after another. */
export interface Stage {
  /** Sent and not received. */
  readonly messages: readonly Message[];
  readonly now: number;
  moveTo(time: number): void;
  nextDue(): Promise<number | undefined>;
  /** Runs the task to its end. */
  run(task: Task): Promise<TaskEnd>;
}

/** A message that comes back. */
export interface Redelivery {
  readonly message: Message;
  readonly receives: number;
  readonly visibleAt: number;
}

/** More messages and sweeps than any schedule needs. */
const MAX_ROUNDS = 60;
const MARGIN_MILLISECONDS = 50_000;

/** After this a message comes back whose receiver died. */
export const VISIBILITY_MILLISECONDS = 720_000;

/**
 * Delivers messages and sweeps, with the clock moved on to each next thing that happens, until nothing will ever happen
 * again. False: that never came.
 */
export async function comeToRest(stage: Stage, redelivered: readonly Redelivery[]): Promise<boolean> {
  let waiting = [...redelivered];
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const name = `rest-${round}`;
    const [message] = stage.messages;
    if (message) {
      waiting.push(...(await deliver(stage, name, { message, receives: 1, isQueued: true })));
      continue;
    }
    const due = await stage.nextDue();
    const [next] = waiting.sort((one, other) => one.visibleAt - other.visibleAt);
    if (next && (due === undefined || next.visibleAt <= due)) {
      waiting = waiting.slice(1);
      stage.moveTo(next.visibleAt);
      waiting.push(...(await deliver(stage, name, { ...next, isQueued: false })));
    } else if (due !== undefined) {
      // One millisecond more: a deadline is over only after its instant.
      stage.moveTo(due + 1);
      await stage.run(sweepTask(`${name}-sweep`));
    } else return true;
  }
  return false;
}

/** Delivers what was sent and sweeps what is due, without moving the clock on. */
export async function catchUp(stage: Stage, name: string): Promise<void> {
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const [message] = stage.messages;
    const due = await stage.nextDue();
    if (message) await deliver(stage, `${name}-${round}`, { message, receives: 1, isQueued: true });
    else if (due !== undefined && due <= stage.now) await stage.run(sweepTask(`${name}-${round}-sweep`));
    else return;
  }
}

interface Delivery {
  readonly message: Message;
  readonly receives: number;
  readonly isQueued: boolean;
}

async function deliver(stage: Stage, name: string, delivery: Delivery): Promise<Redelivery[]> {
  const { message, receives, isQueued } = delivery;
  // Tasks of one name are one task.
  const fullName = `${name}-${'uploadId' in message ? message.uploadId : 'purge'}-${receives}`;
  const task = { ...taskOf(fullName, message, receives), ...(isQueued && { receives: message }) };
  return redeliveriesOf(task, await stage.run(task), { message, receives, now: stage.now });
}

/** The message once more, if its receiver asked for that. */
export function redeliveriesOf(
  { role }: Pick<Task, 'role'>,
  end: TaskEnd,
  { message, receives, now }: { readonly message: Message; readonly receives: number; readonly now: number },
): Redelivery[] {
  if (role !== 'worker' || !('value' in end)) return [];
  const result = end.value as ProcessingResult;
  if (result.result !== 'retry') return [];
  return [{ message, receives: receives + 1, visibleAt: now + result.afterSeconds * 1000 }];
}

/** The function that receives such a message. */
export function taskOf(name: string, message: Message, receives = 1): Omit<Task, 'receives'> {
  if ('uploadId' in message) {
    return { name, role: 'worker', run: (dependencies) => processUpload(dependencies, { ...message, receives }) };
  }
  return {
    name,
    role: 'maintenance',
    run: (dependencies) =>
      'avatar' in message
        ? purgeAvatar(dependencies, message.avatar)
        : removeAttachment(dependencies, { fileId: message.attachment }),
  };
}

/** A worker that receives the upload's message. */
export function workerOf(name: string, uploadId: string): Task {
  return { ...taskOf(name, { uploadId }), receives: { uploadId } };
}

/** The maintenance function that receives the message of a delete. */
export function purgeOf(name: string, message: PurgeMessage): Task {
  return { ...taskOf(name, message), receives: message };
}

/** The scheduled sweep. */
export function sweepTask(name: string, startsAt?: Task['startsAt']): Task {
  return {
    name,
    role: 'maintenance',
    ...(startsAt && { startsAt }),
    run: (dependencies) =>
      sweep(dependencies, { deadline: new Date(dependencies.clock().getTime() + MARGIN_MILLISECONDS) }),
  };
}
