import { randomUUID } from 'node:crypto';
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { DependencyUnavailableError } from '../../errors.ts';
import { dynamoDbErrorOf, isContended, reasonsOf } from './dynamodb-errors.ts';
import {
  actionOf,
  type Check,
  checkOf,
  type Item,
  type Put,
  putOf,
  type Update,
  updateOf,
  type Write,
} from './writes.ts';

export interface DynamoDbTableOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** In [0, 1): spreads repetitions and the index of due work. */
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** The result of one conditional write: the item as it is now, or as it stands in the way. */
export type Written = { readonly done: true; readonly item: Item } | { readonly done: false; readonly item?: Item };

/** Items of an index in its order, and the key behind which more may follow. DynamoDB ends a page at 1 MB, too. */
export interface IndexPage {
  readonly items: Item[];
  readonly next?: Record<string, unknown>;
}

/** What became of a transaction. `failed` is empty when it met another one on its items: AWS lets one of them through. */
export type Transacted<Name extends string> =
  | { readonly done: true }
  | { readonly done: false; readonly failed: ReadonlySet<Name> };

/** How often a request is sent that DynamoDB is too busy for. */
const TRIES = 8;
/**
 * How often a transition is tried that others are in the way of. With 50 of them at one item, each holding it for
 * 15 ms, the last one is through after 14 tries at most.
 */
const TRANSITION_TRIES = 30;
const PAUSE_MS = { least: 20, most: 300 };

/** One table. All reads but queries of an index are strongly consistent. */
export class DynamoDbTable {
  readonly tableName: string;
  readonly random: () => number;
  readonly #sleep: (milliseconds: number) => Promise<void>;
  readonly #documents: DynamoDBDocumentClient;

  constructor({ client, tableName, random, sleep }: DynamoDbTableOptions) {
    this.tableName = tableName;
    this.random = random;
    this.#sleep = sleep;
    this.#documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  }

  async get(pk: string): Promise<Item | undefined> {
    const command = new GetCommand({ TableName: this.tableName, Key: { pk }, ConsistentRead: true });
    const { Item } = await this.#send(() => this.#documents.send(command));
    return Item as Item | undefined;
  }

  /** At most 100 distinct keys, answered in their order. */
  async getMany(pks: readonly string[]): Promise<(Item | undefined)[]> {
    const found = new Map<string, Item>();
    let missing = pks.map((pk) => ({ pk }));
    for (let tries = 1; missing.length > 0; tries += 1) {
      if (tries > TRIES) throw new DependencyUnavailableError('the metadata table is too busy (UnprocessedKeys)');
      if (tries > 1) await this.#pause();
      missing = await this.#getBatch(missing, found);
    }
    return pks.map((pk) => found.get(pk));
  }

  /** Adds what was found; returns the keys that DynamoDB left out because it is busy. */
  async #getBatch(keys: { pk: string }[], found: Map<string, Item>): Promise<{ pk: string }[]> {
    const command = new BatchGetCommand({ RequestItems: { [this.tableName]: { Keys: keys, ConsistentRead: true } } });
    const { Responses, UnprocessedKeys } = await this.#send(() => this.#documents.send(command));
    for (const item of (Responses?.[this.tableName] ?? []) as Item[]) found.set(item.pk, item);
    return (UnprocessedKeys?.[this.tableName]?.Keys ?? []) as { pk: string }[];
  }

  /** One page of an index; it may lag behind the table by seconds. */
  async query(input: Omit<QueryCommandInput, 'TableName'>): Promise<IndexPage> {
    const command = new QueryCommand({ TableName: this.tableName, ...input });
    const { Items, LastEvaluatedKey } = await this.#send(() => this.#documents.send(command));
    return { items: (Items ?? []) as Item[], ...(LastEvaluatedKey && { next: LastEvaluatedKey }) };
  }

  /** Writes one item, if its condition holds. */
  async write(write: Put | Update): Promise<Written> {
    const onFailure = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
    return this.#send(async () => {
      try {
        if ('put' in write) {
          await this.#documents.send(new PutCommand({ ...putOf(write, this.tableName), ...onFailure }));
          return { done: true, item: write.put };
        }
        const command = new UpdateCommand({
          ...updateOf(write, this.tableName),
          ...onFailure,
          ReturnValues: 'ALL_NEW',
        });
        const { Attributes } = await this.#documents.send(command);
        return { done: true, item: Attributes as Item };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        // The document client leaves the items inside errors as they came.
        return error.Item === undefined ? { done: false } : { done: false, item: unmarshall(error.Item) as Item };
      }
    });
  }

  /** Removes one item, if the condition holds for it or its absence. */
  async remove(what: Check): Promise<boolean> {
    return this.#send(async () => {
      try {
        await this.#documents.send(new DeleteCommand(checkOf(what, this.tableName)));
        return true;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return false;
      }
    });
  }

  /** Writes several items, all or none; undefined ones are left out. */
  async transact<Name extends string>(writes: Readonly<Record<Name, Write | undefined>>): Promise<Transacted<Name>> {
    const named = Object.entries(writes).filter((entry): entry is [Name, Write] => entry[1] !== undefined);
    const command = new TransactWriteCommand({
      TransactItems: named.map(([, write]) => actionOf(write, this.tableName)),
      // The same for every try: one that went through although its answer was lost is answered again, not made again.
      ClientRequestToken: randomUUID(),
    });
    return this.#send(async () => {
      try {
        await this.#documents.send(command);
        return { done: true };
      } catch (error) {
        // Reasons stand in the order of the writes.
        const reasons = reasonsOf(error);
        const failed = named.filter((_, index) => reasons[index] === 'ConditionalCheckFailed').map(([name]) => name);
        if (failed.length === 0 && !reasons.includes('TransactionConflict')) throw error;
        return { done: false, failed: new Set(failed) };
      }
    });
  }

  /**
   * Repeats a transition while it answers undefined: what it had read was changed, or was just being changed, when it
   * wanted to write. It reads anew each time, because what the others did may already decide it.
   * @throws DependencyUnavailableError if that goes on for some seconds.
   */
  async untilSettled<T>(transition: () => Promise<T | undefined>): Promise<T> {
    for (let tries = 1; tries <= TRANSITION_TRIES; tries += 1) {
      const outcome = await transition();
      if (outcome !== undefined) return outcome;
      await this.#pause();
    }
    throw new DependencyUnavailableError('the metadata table is too busy (its items change too fast)');
  }

  async #send<T>(request: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await request();
      } catch (error) {
        if (tries === TRIES || !isContended(error)) throw dynamoDbErrorOf(error, this.tableName);
        await this.#pause();
      }
    }
  }

  /** Those who collided once would collide again, if they did not wait for different times. */
  #pause(): Promise<void> {
    return this.#sleep(PAUSE_MS.least + this.random() * (PAUSE_MS.most - PAUSE_MS.least));
  }
}
