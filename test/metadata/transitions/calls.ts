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
  readonly name: TransitionName;
  readonly input: unknown;
}

const INPUTS = { ...UPLOAD_INPUTS, ...FILE_INPUTS };
export const ACTIONS = Object.keys(INPUTS) as readonly Step['action'][];

/** What the step calls now; undefined: there is no record that it could be about. */
export function callOf(life: Life, step: Step): Call | undefined {
  life.pass(step.pass);
  const input = INPUTS[step.action](life, step);
  return input === undefined ? undefined : { name: nameOf(step.action), input };
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

function nameOf(action: Step['action']): TransitionName {
  if (action === 'issueAvatar' || action === 'issueRender' || action === 'issueAttachment') return 'issueUpload';
  return action === 'eraseOrganization' ? 'setOrganizationState' : action;
}
