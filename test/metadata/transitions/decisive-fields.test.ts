import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type AnyRecord, isChange, type RecordKind, type RecordWrite } from '../../../shared/metadata/record-store.ts';
import { runTransition } from '../../../shared/metadata/transitions/run-transition.ts';
import type { Decision, Records, Role } from '../../../shared/metadata/transitions/transition.ts';
import { isSame } from '../../memory/frozen-copy.ts';
import type { MemoryRecordStore } from '../../memory/memory-record-store.ts';
import { holds, written } from '../../memory/record-writes.ts';
import { ACTIONS, type Call, callOf, run, transitionOf } from './calls.ts';
import { DETERMINED, type Fields, isPossible, MUTABLE, openFields, withField } from './fields.ts';
import { newLife } from './life.ts';
import { randomHistories, SEED } from './random-steps.ts';

const KINDS = Object.keys(MUTABLE) as RecordKind[];

it('decides on no field that can change without a refusal of the commit', async () => {
  let compared = 0;
  const wrong = new Set<string>();
  await inAnyHistory(40, async (store, call, values) => {
    for (const [role, write, records] of await writesOf(store, call)) {
      const record = records[role];
      const { kind } = write.key;
      if (record === undefined) continue;
      const decided = transitionOf(call).decide(records, call.input);
      for (const field of openFields(kind, record, comparedBy(write))) {
        for (const value of values.of(kind, field)) {
          const other = withField(record, field, value) as unknown as AnyRecord;
          if (!isPossible(kind, other as unknown as Fields) || !holds(write, other)) continue;
          compared += 1;
          const decidedThen = transitionOf(call).decide({ ...records, [role]: other }, call.input);
          const isEqual = isSame(effectOf(decidedThen, role, other), effectOf(decided, role, other));
          if (!isEqual) wrong.add(`${call.name}: ${kind}.${field}`);
        }
      }
    }
  });
  expect([...wrong]).toEqual([]);
  // Otherwise it would prove nothing.
  expect(compared).toBeGreaterThan(20_000);
});

it('changes only fields that are listed as mutable, and one that follows from another only together with it', async () => {
  const wrong = new Set<string>();
  await inAnyHistory(40, async (store, call) => {
    const after = store.copy();
    await run(after, call);
    for (const kind of KINDS) {
      const before = new Map<string, AnyRecord>(store.entries(kind));
      for (const [id, record] of after.entries(kind)) {
        const known = before.get(id);
        if (known === undefined || known === record) continue;
        for (const field of changedFields(known, record)) {
          const determinant = DETERMINED[kind]?.[field];
          const isAlone = determinant !== undefined && !changedFields(known, record).includes(determinant);
          if (!MUTABLE[kind].includes(field) || isAlone) wrong.add(`${call.name}: ${kind}.${field}`);
        }
      }
    }
  });
  expect([...wrong]).toEqual([]);
});

/** The writes that a call comes to, with the records that it decides on. */
async function writesOf(store: MemoryRecordStore, call: Call): Promise<[Role, RecordWrite, Records][]> {
  let found: [Role, RecordWrite, Records][] = [];
  const { reads, decide } = transitionOf(call);
  const watched = (records: Records, input: unknown) => {
    const decision = decide(records, input);
    found = Object.entries(decision.writes ?? {}).map(([role, write]) => [role as Role, write, records]);
    return decision;
  };
  await runTransition(store.copy(), { reads, decide: watched }, call.input);
  return found;
}

/** The fields that a commit compares with what was read. */
function comparedBy(write: RecordWrite): readonly string[] {
  if (isChange(write)) return write.uses;
  return (write.guards ?? []).flatMap((guard) => ('equals' in guard ? [guard.field] : []));
}

/** The outcome, what is written besides, and what a record like `other` becomes. */
function effectOf({ outcome, writes = {} }: Decision<unknown>, role: Role, other: AnyRecord) {
  const { [role]: write, ...rest } = writes;
  return { outcome, record: write && written(write, other), rest };
}

function changedFields(one: object, other: object): string[] {
  const [some, others] = [one as Fields, other as Fields];
  return Object.keys({ ...some, ...others }).filter((field) => !isSame(some[field], others[field]));
}

/** The values that a field has had in any record of the history, and its absence. */
interface Values {
  of(kind: RecordKind, field: string): readonly unknown[];
}

function valuesIn(store: MemoryRecordStore): Values {
  const known = new Map<string, readonly unknown[]>();
  return {
    of: (kind, field) => {
      const name = `${kind}.${field}`;
      const values = known.get(name) ?? [undefined];
      const found = store.all(kind).map((record) => (record as unknown as Fields)[field]);
      const distinct = found.filter((value, index) => !found.slice(0, index).some((each) => isSame(each, value)));
      const all = [...values, ...distinct.filter((value) => !values.some((each) => isSame(each, value)))].slice(-8);
      known.set(name, all.includes(undefined) ? all : [undefined, ...all]);
      return known.get(name) ?? [];
    },
  };
}

/** Looks at the calls of random histories before they are made, and at some that are not made. */
async function inAnyHistory(
  numRuns: number,
  look: (store: MemoryRecordStore, call: Call, values: Values) => Promise<void>,
): Promise<void> {
  const histories = randomHistories({ minLength: 40, maxLength: 120 });
  await fc.assert(
    fc.asyncProperty(histories, async (steps) => {
      const life = await newLife();
      const values = valuesIn(life.store);
      for (const [index, step] of steps.entries()) {
        const call = callOf(life, step);
        // Also calls that rarely come at such a moment.
        const others = [1, 2, 3].map((turn) => ACTIONS[(3 * index + turn) % ACTIONS.length] ?? step.action);
        const calls = [call, ...others.map((action) => callOf(life, { ...step, action, pass: 0 }))];
        for (const each of calls) if (each !== undefined) await look(life.store, each, values);
        if (call !== undefined) await run(life.store, call);
      }
    }),
    { numRuns, seed: SEED },
  );
}
