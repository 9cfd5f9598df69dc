import { RequestRefusedError } from '../../shared/errors.ts';
import type { ProcessingResult } from '../../shared/uploads/process-upload.ts';
import { type GatedTask, startGatedTask, type TaskEnd } from './gated-task.ts';
import type { KnownCall, Outcome } from './memory-state.ts';
import { isRead, type PortCall, type PortResult } from './port-call.ts';
import type { Notes, Plant, Task } from './scenario.ts';
import { dependenciesOf } from './task-dependencies.ts';

/**
 * A task between two answers. What a task does next depends on the answers that it got and on the clock when it looked at
 * it, and on nothing else; so the service's code runs once for each distinct sequence of them.
 */
export interface TaskState {
  /** The same for states from which nothing different can follow: all successful ends of one task. */
  readonly id: number;
  /** The calls that wait for an answer, the oldest first. Empty once the task has ended. */
  readonly waiting: readonly KnownCall[];
  readonly end?: TaskEnd;
  /** Whether the answer before was to a call that changed something. */
  readonly hasWritten: boolean;
}

/** A task that died: it waits for nothing and comes to no end. */
export const DEAD: TaskState = { id: 0, waiting: [], hasWritten: false };

export interface TaskStates {
  /** How often the service's code was run from one answer to the next. */
  readonly count: number;
  start(task: Task): TaskState;
  withId(id: number): TaskState;
  /** The state after the oldest call was answered; undefined where that was never tried. */
  known(state: TaskState, outcome: Outcome, now: number): TaskState | undefined;
  /** The same, by running the service's code. */
  run(state: TaskState, outcome: Outcome, now: number): Promise<TaskState>;
}

interface Node extends TaskState {
  readonly task: Task;
  readonly from?: { readonly node: Node; readonly result: PortResult; readonly now: number };
  readonly next: Map<number, Next>;
  /** The running task itself. */
  live?: GatedTask | undefined;
}

/** What follows an answer: the same at any time, where the task does not look at the clock. */
type Next = { readonly always: Node } | { readonly at: Map<number, Node> };

interface Options {
  readonly known: (call: PortCall) => KnownCall;
  readonly notes: Notes;
  readonly plant: Plant | undefined;
}

export function createTaskStates({ known, notes, plant }: Options): TaskStates {
  const starts = new Map<string, Node>();
  const ends = new Map<string, number>();
  const nodes: TaskState[] = [DEAD];
  let count = 0;

  const startLive = (task: Task): GatedTask =>
    startGatedTask({ port: 'task', method: 'start', parameters: [task.receives] }, (gate) =>
      task.run(dependenciesOf(gate, { ...task, plant }), notes),
    );

  function nodeOf(task: Task, live: GatedTask, from?: Node['from']): Node {
    const { end } = live;
    const name = end && `${task.name} ${summaryOf(end)}`;
    const id = (name === undefined ? undefined : ends.get(name)) ?? nodes.length;
    const waiting = live.waiting.map(known);
    const hasWritten = from?.node.waiting.slice(0, 1).some((call) => !isRead(call)) ?? false;
    const node = { id, task, waiting, hasWritten, ...(end && { end }), ...(from && { from }), next: new Map(), live };
    if (id === nodes.length) nodes.push(node);
    if (name !== undefined) ends.set(name, id);
    return node;
  }

  /** A task in this state that nobody else uses: the one that got here, or another one that is given the same answers. */
  async function takeLive(node: Node): Promise<GatedTask> {
    const { live } = node;
    node.live = undefined;
    if (live) return live;
    const again = startLive(node.task);
    for (const { result, now } of answersOf(node)) await again.answer(result, now);
    if (again.waiting.some((call, at) => known(call).id !== node.waiting[at]?.id)) {
      throw new Error(`${node.task.name} did not do the same again`);
    }
    return again;
  }

  return {
    get count() {
      return count;
    },
    start(task) {
      const name = JSON.stringify([task.name, task.receives]);
      const node = starts.get(name) ?? nodeOf(task, startLive(task));
      starts.set(name, node);
      return node;
    },
    withId: (id) => nodes[id] as TaskState,
    known(state, { resultId }, now) {
      const next = (state as Node).next.get(resultId);
      return next && ('always' in next ? next.always : next.at.get(now));
    },
    async run(state, { result, resultId }, now) {
      const node = state as Node;
      const live = await takeLive(node);
      const { readsClock } = await live.answer(result, now);
      count += 1;
      const child = nodeOf(node.task, live, { node, result, now });
      const before = node.next.get(resultId);
      if (!readsClock) node.next.set(resultId, { always: child });
      else if (before && 'at' in before) before.at.set(now, child);
      else node.next.set(resultId, { at: new Map([[now, child]]) });
      return child;
    },
  };
}

function answersOf(node: Node): { readonly result: PortResult; readonly now: number }[] {
  const answers = [];
  for (let at = node; at.from; at = at.from.node) answers.push(at.from);
  return answers.reverse();
}

/** What others can notice of an end: whether the message comes back, or that it is none that should be. */
function summaryOf(end: TaskEnd): string {
  const fault = faultOfEnd(end);
  if (fault !== undefined) return fault;
  const result = 'value' in end ? (end.value as ProcessingResult | undefined) : undefined;
  return result?.result === 'retry' ? `again after ${result.afterSeconds}` : '';
}

/** A request may be refused. Nothing fails in these schedules, so no other error may reach the end of a task. */
export function faultOfEnd(end: TaskEnd): string | undefined {
  if ('value' in end || end.error instanceof RequestRefusedError) return undefined;
  return `threw ${end.error instanceof Error ? end.error.stack : String(end.error)}`;
}
