import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { TABLE_KEY } from './table-schema.ts';

/** An item as it is stored: the record it holds, and what the table's key and indexes need. */
export type Item = Readonly<Record<string, unknown>> & { readonly pk: string };

/** Values of the expressions beside them, without their colon. */
type Values = Readonly<Record<string, unknown>>;

/** Replaces the item whole. */
export interface Put {
  readonly put: Item;
  readonly condition?: string;
  readonly values?: Values;
}

/** Changes single attributes; an absent item is created by it, unless the condition says otherwise. */
export interface Update {
  readonly pk: string;
  readonly update: string;
  readonly condition?: string;
  readonly values: Values;
}

/** Writes nothing, but the transaction only goes through if it holds. */
export interface Check {
  readonly pk: string;
  readonly condition: string;
  readonly values: Values;
}

/**
 * One write of one item. In its expressions each attribute is written `#name` and each value `:name`: half of the
 * attributes are words that DynamoDB reserves. Values that no expression mentions are not sent; it would refuse them.
 */
export type Write = Put | Update | Check;

export const IS_ABSENT = `attribute_not_exists(#${TABLE_KEY})`;

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** The write as one action of a transaction. */
export function actionOf(write: Write, tableName: string): TransactItem {
  if ('put' in write) return { Put: putOf(write, tableName) };
  if ('update' in write) return { Update: updateOf(write, tableName) };
  return { ConditionCheck: checkOf(write, tableName) };
}

export function checkOf(check: Check, tableName: string) {
  const { pk, condition } = check;
  return { TableName: tableName, Key: { pk }, ConditionExpression: condition, ...termsOf(check) };
}

export function putOf(write: Put, tableName: string) {
  return { TableName: tableName, Item: write.put, ...conditionOf(write), ...termsOf(write) };
}

export function updateOf(write: Update, tableName: string) {
  const { pk, update } = write;
  return {
    TableName: tableName,
    Key: { pk },
    UpdateExpression: update,
    ...conditionOf(write),
    ...termsOf(write),
  };
}

function conditionOf({ condition }: Put | Update): { ConditionExpression?: string } {
  return condition === undefined ? {} : { ConditionExpression: condition };
}

/** The names and values that the expressions of a write mention; DynamoDB refuses an empty list of either. */
function termsOf(write: Write) {
  const text = `${'update' in write ? write.update : ''} ${write.condition ?? ''}`;
  const names = mentioned(text, '#').map((name) => [`#${name}`, name]);
  const values = mentioned(text, ':').map((name) => [`:${name}`, write.values?.[name]]);
  return {
    ...(names.length > 0 && { ExpressionAttributeNames: Object.fromEntries(names) as Record<string, string> }),
    ...(values.length > 0 && { ExpressionAttributeValues: Object.fromEntries(values) as Record<string, unknown> }),
  };
}

function mentioned(text: string, sign: '#' | ':'): string[] {
  return [...text.matchAll(new RegExp(`${sign}(\\w+)`, 'g'))].map(([, name = '']) => name);
}
