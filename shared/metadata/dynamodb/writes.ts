import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import {
  type Adjustment,
  type AnyRecord,
  type Change,
  type Guard,
  isChange,
  type RecordKey,
  type RecordWrite,
} from '../record-store.ts';
import { newTerms, type Terms } from './expression-terms.ts';
import { pkOf } from './item-keys.ts';
import { attributeOf, type Item, itemOf } from './items.ts';
import { TABLE_KEY } from './table-schema.ts';

/** One write of one item: an action of a transaction, and as well the input of the request that does it alone. */
export type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

export function actionOf(write: RecordWrite, tableName: string): Action {
  return isChange(write) ? actionOfChange(write, tableName) : actionOfAdjustment(write, tableName);
}

function actionOfChange({ key, seen, next, uses }: Change, tableName: string): Action {
  // Where nothing was seen, there is something to create.
  if (seen === undefined) return createItem(itemOf(key, next as AnyRecord), tableName);
  const terms = newTerms();
  const before = itemOf(key, seen);
  const unchanged = uses.map((field) => isStill(terms, before, attributeOf(key.kind, field)));
  const target = targetOf(key, tableName, [isPresent(terms), ...unchanged]);
  if (next === undefined) return { Delete: { ...target, ...terms.used() } };
  const update = differenceOf(terms, before, itemOf(key, next));
  if (update === '') return { ConditionCheck: { ...target, ...terms.used() } };
  return { Update: { ...target, UpdateExpression: update, ...terms.used() } };
}

/** Only for records that are in no index: what is derived from a field does not follow it here. */
function actionOfAdjustment({ key, add = {}, set = {}, guards = [], create }: Adjustment, tableName: string): Action {
  if (create) return createItem(itemOf(key, adjusted(create, add, set)), tableName);
  const terms = newTerms();
  const conditions = guards.map((guard) => isMet(terms, guard));
  const assignments = [
    ...Object.entries(add).map(([field, difference]) => plus(terms, field, difference)),
    ...Object.entries(set).map(([field, value]) => equals(terms, field, value)),
  ];
  if (assignments.length === 0) return { ConditionCheck: { ...targetOf(key, tableName, conditions), ...terms.used() } };
  const target = targetOf(key, tableName, [isPresent(terms), ...conditions]);
  return { Update: { ...target, UpdateExpression: `SET ${assignments.join(', ')}`, ...terms.used() } };
}

function createItem(item: Item, tableName: string): Action {
  const terms = newTerms();
  const condition = `attribute_not_exists(${terms.name(TABLE_KEY)})`;
  return { Put: { TableName: tableName, Item: item, ConditionExpression: condition, ...terms.used() } };
}

function targetOf(key: RecordKey, tableName: string, conditions: readonly string[]) {
  return { TableName: tableName, Key: { pk: pkOf(key) }, ConditionExpression: conditions.join(' AND ') };
}

function adjusted(record: AnyRecord, add: Readonly<Record<string, number>>, set: Adjustment['set']): AnyRecord {
  const counters = record as unknown as Readonly<Record<string, number>>;
  const sums = Object.entries(add).map(([field, difference]) => [field, (counters[field] ?? 0) + difference]);
  return { ...record, ...set, ...Object.fromEntries(sums) };
}

/** An UpdateExpression that turns one item into the other, attribute by attribute; empty if they are equal. */
function differenceOf(terms: Terms, before: Item, after: Item): string {
  const changed = Object.keys({ ...before, ...after }).filter((name) => !isSame(before[name], after[name]));
  const set = changed.filter((name) => name in after).map((name) => equals(terms, name, after[name]));
  const removed = changed.filter((name) => !(name in after)).map((name) => terms.name(name));
  const clauses = { SET: set, REMOVE: removed };
  return Object.entries(clauses)
    .filter(([, parts]) => parts.length > 0)
    .map(([clause, parts]) => `${clause} ${parts.join(', ')}`)
    .join(' ');
}

/** Both a condition and an assignment. */
function equals({ name, value }: Terms, attribute: string, to: unknown): string {
  return `${name(attribute)} = ${value(to)}`;
}

function plus({ name, value }: Terms, attribute: string, difference: number): string {
  return `${name(attribute)} = ${name(attribute)} + ${value(difference)}`;
}

function isPresent({ name }: Terms): string {
  return `attribute_exists(${name(TABLE_KEY)})`;
}

/** Whether an attribute is as it was; also lists and maps are compared by their content. */
function isStill(terms: Terms, before: Item, attribute: string): string {
  return attribute in before
    ? equals(terms, attribute, before[attribute])
    : `attribute_not_exists(${terms.name(attribute)})`;
}

function isMet(terms: Terms, guard: Guard): string {
  const { name, value } = terms;
  const attribute = name(guard.field);
  if ('equals' in guard) return `${attribute} = ${value(guard.equals)}`;
  if ('atLeast' in guard) return `${attribute} >= ${value(guard.atLeast)}`;
  if ('below' in guard) return `${attribute} < ${value(guard.below)}`;
  return `(attribute_not_exists(${name(TABLE_KEY)}) OR ${attribute} <> ${value(guard.not)})`;
}

/** Whether two values are stored alike: a field that is undefined is not stored, and the order of fields does not count. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other)) return false;
  return Object.keys({ ...one, ...other }).every((field) => isSame(one[field], other[field]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
