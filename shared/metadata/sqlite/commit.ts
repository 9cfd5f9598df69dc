import { type Adjustment, type Change, type Guard, isChange, type RecordWrite } from '../record-store.ts';
import type { Database } from './connection.ts';
import { type Document, deleteRecord, findRecord, insertRecord, updateRecord } from './record-rows.ts';

/** RecordStore.commit, inside a transaction: looks at the conditions of all writes before it does the first. */
export function commit(db: Database, writes: readonly RecordWrite[]): boolean {
  const seen = writes.map((write) => ({ write, current: findRecord(db, write.key) }));
  if (!seen.every(({ write, current }) => holds(write, current))) return false;
  for (const { write, current } of seen) {
    const next = isChange(write) ? changed(write, current) : adjusted(write, current);
    if (next === current) continue;
    if (next === undefined) deleteRecord(db, write.key);
    else if (current === undefined) insertRecord(db, write.key, next);
    else updateRecord(db, write.key, next);
  }
  return true;
}

function holds(write: RecordWrite, current: Document | undefined): boolean {
  return isChange(write) ? changeHolds(write, current) : adjustmentHolds(write, current);
}

function changeHolds({ seen, uses }: Change, current: Document | undefined): boolean {
  if (seen === undefined || current === undefined) return seen === current;
  const known = documentOf(seen);
  return uses.every((field) => isSame(known[field], current[field]));
}

/** Counters of an absent record cannot be moved, unless they were seen absent. */
function adjustmentHolds({ create, add, set, guards = [] }: Adjustment, current: Document | undefined): boolean {
  if (create && current) return false;
  const record = current ?? (create && documentOf(create));
  if (!record && (add || set)) return false;
  return guards.every((guard) => guardHolds(guard, record?.[guard.field]));
}

function guardHolds(guard: Guard, value: unknown): boolean {
  if ('equals' in guard) return value === guard.equals;
  if ('not' in guard) return value !== guard.not;
  if (typeof value !== 'number') return false;
  return 'atLeast' in guard ? value >= guard.atLeast : value < guard.below;
}

/** The current record with the fields that the change changes; the current one itself where there are none. */
function changed({ seen, next }: Change, current: Document | undefined): Document | undefined {
  if (seen === undefined || next === undefined) return next && documentOf(next);
  const [before, after] = [documentOf(seen), documentOf(next)];
  const fields = fieldsOf(before, after).filter((field) => !isSame(before[field], after[field]));
  // A field that is undefined is not stored.
  return fields.length === 0
    ? current
    : { ...current, ...Object.fromEntries(fields.map((field) => [field, after[field]])) };
}

function adjusted({ add, set, create }: Adjustment, current: Document | undefined): Document | undefined {
  const base = current ?? (create && documentOf(create));
  if (!base || !(add || set)) return base;
  const sums = Object.entries(add ?? {}).map(([field, number]) => [field, Number(base[field] ?? 0) + number]);
  return { ...base, ...set, ...Object.fromEntries(sums) };
}

function documentOf(record: object): Document {
  return record as Document;
}

/** Whether both are the same JSON: a field that is undefined is absent, and the order of fields does not count. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other)) return false;
  return fieldsOf(one, other).every((field) => isSame(one[field], other[field]));
}

function isObject(value: unknown): value is Document {
  return typeof value === 'object' && value !== null;
}

function fieldsOf(one: Document, other: Document): string[] {
  return Object.keys({ ...one, ...other });
}
