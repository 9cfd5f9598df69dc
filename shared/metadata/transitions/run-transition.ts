import { DependencyUnavailableError } from '../../errors.ts';
import type { RecordKey, RecordStore } from '../record-store.ts';
import type { Keys, Records, Role, Seen, Transition } from './transition.ts';

/** With 50 transitions at one record, each of which takes 15 ms, the last one needs 14 tries at most. */
const MAX_TRIES = 30;

/**
 * Reads, decides and commits, and does so again when something that was decided on has changed meanwhile.
 *
 * A commit proves that what was read belongs together. A decision that writes nothing is not proved: several reads are no
 * snapshot, and may show a commit by halves. So it is made once more, on records that are all read after the first ones.
 * @throws DependencyUnavailableError if records change for some seconds.
 */
export async function runTransition<Input, Outcome>(
  store: RecordStore,
  { reads, decide }: Transition<Input, Outcome>,
  input: Input,
): Promise<Outcome> {
  const { seen } = input as Seen;
  if (seen !== undefined) {
    const { outcome, writes } = decide(await readAll(store, (known) => reads(input, known), { upload: seen }), input);
    // What is refused may be so because the record seen before is out of date, so only a commit counts here.
    if (writes && (await store.commit(Object.values(writes)))) return outcome;
  }
  let written: Keys = {};
  let isConfirmed = false;
  for (let refusals = 0; refusals < MAX_TRIES; ) {
    // After a refused commit, what the decision wrote is read too, unless the transition names another record by now.
    const records = await readAll(store, (known) => ({ ...written, ...reads(input, known) }), {});
    const { outcome, writes } = decide(records, input);
    if (!writes) {
      if (isConfirmed || Object.keys(records).length <= 1) return outcome;
      isConfirmed = true;
      continue;
    }
    if (await store.commit(Object.values(writes))) return outcome;
    isConfirmed = false;
    written = Object.fromEntries(Object.entries(writes).map(([role, { key }]) => [role, key]));
    refusals += 1;
    if (refusals < MAX_TRIES) await store.pause(refusals);
  }
  throw new DependencyUnavailableError('the metadata store is too busy: its records change too fast');
}

/** Reads what is named, then what is named because of what was read, until nothing is missing. */
async function readAll(store: RecordStore, name: (known: Records) => Keys, hints: Records): Promise<Records> {
  let known: Records = hints;
  const read = new Map<string, string>(Object.keys(hints).map((role) => [role, '']));
  for (;;) {
    const named = Object.entries(name(known)) as [Role, NonNullable<Keys[Role]>][];
    const missing = named.filter(([role, key]) => read.get(role) !== JSON.stringify(key) && read.get(role) !== '');
    if (missing.length === 0) return known;
    known = { ...known, ...(await readRoles(store, missing)) };
    for (const [role, key] of missing) read.set(role, JSON.stringify(key));
  }
}

/** Two roles may be played by one record, which is read once. */
async function readRoles(store: RecordStore, roles: readonly (readonly [Role, RecordKey])[]): Promise<Records> {
  const keys = new Map(roles.map(([, key]) => [JSON.stringify(key), key]));
  const found = await store.read([...keys.values()]);
  const records = new Map([...keys.keys()].map((name, index) => [name, found[index]]));
  return Object.fromEntries(roles.map(([role, key]) => [role, records.get(JSON.stringify(key))]));
}
