import { TRANSITIONS } from '../../../shared/metadata/metadata-store.ts';
import type { RecordStore } from '../../../shared/metadata/record-store.ts';
import { runTransition } from '../../../shared/metadata/transitions/run-transition.ts';
import type { Transition } from '../../../shared/metadata/transitions/transition.ts';
import { FILE_INPUTS } from './file-inputs.ts';
import type { Life } from './life.ts';
import type { Step, TransitionName } from './random-steps.ts';
import { UPLOAD_INPUTS } from './upload-inputs.ts';

/** One transition with its input. */
export interface Call {
  readonly action: Action;
  readonly name: TransitionName;
  readonly input: unknown;
}

const INPUTS = { ...UPLOAD_INPUTS, ...FILE_INPUTS };
export type Action = keyof typeof INPUTS;
export const ACTIONS = Object.keys(INPUTS) as readonly Action[];

/** What the step calls now; undefined: there is no record that it could be about. */
export function callOf(life: Life, step: Step): Call | undefined {
  life.pass(step.pass);
  const action = step.action === 'advance' ? nextAction(life) : step.action;
  const input = INPUTS[action](life, step);
  return input === undefined ? undefined : { action, name: nameOf(action), input };
}

/** What a worker does next: it publishes what it has a lease on, or takes a lease. */
function nextAction({ store }: Life): Action {
  const leased = store
    .all('upload')
    .findLast(({ status, leaseId }) => status === 'processing' && leaseId !== undefined);
  if (leased === undefined) return 'beginUpload';
  return leased.kind === 'attachment' ? 'publishAttachment' : 'publishAvatar';
}

export function transitionOf({ name }: Call): Transition<unknown, unknown> {
  return TRANSITIONS[name] as unknown as Transition<unknown, unknown>;
}

export function run(store: RecordStore, call: Call): Promise<unknown> {
  return runTransition(store, transitionOf(call), call.input);
}

/** The word for an outcome: `issued`, or `record` for one that is nothing else. */
export function wordOf(outcome: unknown): string {
  return typeof outcome === 'string' ? outcome : ((outcome as { readonly outcome?: string }).outcome ?? 'record');
}

function nameOf(action: Action): TransitionName {
  if (action === 'issueAvatar' || action === 'issueRender' || action === 'issueAttachment') return 'issueUpload';
  return action === 'eraseOrganization' ? 'setOrganizationState' : action;
}
