import {
  type Adjustment,
  type AnyRecord,
  type Change,
  type Guard,
  isChange,
  type RecordWrite,
} from '../../shared/metadata/record-store.ts';
import { frozenCopy, isSame } from './frozen-copy.ts';

/** A record as the store looks at it: names and values. */
type Fields = Readonly<Record<string, unknown>>;

/** Whether all conditions of the write hold for the record as it is. */
export function holds(write: RecordWrite, current: AnyRecord | undefined): boolean {
  return isChange(write) ? changeHolds(write, current) : adjustmentHolds(write, current);
}

/** The record after a write whose conditions hold; undefined: it is removed, or was absent and only checked. */
export function written(write: RecordWrite, current: AnyRecord | undefined): AnyRecord | undefined {
  return isChange(write) ? changed(write, current) : adjusted(write, current);
}

function changeHolds({ seen, uses }: Change, current: AnyRecord | undefined): boolean {
  if (seen === undefined || current === undefined) return seen === current;
  const [was, is] = [fieldsOf(seen), fieldsOf(current)];
  return uses.every((name) => isSame(was[name], is[name]));
}

function changed({ seen, next }: Change, current: AnyRecord | undefined): AnyRecord | undefined {
  if (next === undefined) return undefined;
  const [was, is] = [fieldsOf(seen ?? {}), fieldsOf(next)];
  const record: Record<string, unknown> = { ...current };
  for (const name of Object.keys({ ...was, ...is })) {
    if (!isSame(was[name], is[name])) put(record, name, is[name]);
  }
  return Object.freeze(record) as unknown as AnyRecord;
}

/** Counters of a record that is absent cannot be moved, unless the adjustment creates it. */
function adjustmentHolds({ create, guards = [], add, set }: Adjustment, current: AnyRecord | undefined): boolean {
  if (create !== undefined && current !== undefined) return false;
  const base = create ?? current;
  if (base === undefined && (add ?? set) !== undefined) return false;
  return guards.every((guard) => guardHolds(guard, fieldsOf(base ?? {})));
}

function guardHolds(guard: Guard, record: Fields): boolean {
  const value = record[guard.field];
  if ('equals' in guard) return value === guard.equals;
  if ('not' in guard) return value !== guard.not;
  if (typeof value !== 'number') return false;
  return 'atLeast' in guard ? value >= guard.atLeast : value < guard.below;
}

function adjusted({ create, add, set }: Adjustment, current: AnyRecord | undefined): AnyRecord | undefined {
  const base = create ?? current;
  if (base === undefined || (base === current && (add ?? set) === undefined)) return current;
  const record: Record<string, unknown> = {};
  for (const [name, value] of Object.entries({ ...base, ...set })) put(record, name, value);
  for (const [name, difference] of Object.entries(add ?? {})) record[name] = Number(record[name]) + difference;
  return Object.freeze(record) as unknown as AnyRecord;
}

function put(record: Record<string, unknown>, name: string, value: unknown): void {
  if (value === undefined) delete record[name];
  else record[name] = frozenCopy(value);
}

function fieldsOf(record: object): Fields {
  return record as Fields;
}
