import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
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
import { DependencyUnavailableError } from '../../errors.ts';
import { dynamoDbErrorOf, isContended, isRefused } from './dynamodb-errors.ts';
import type { Item } from './items.ts';
import type { Action } from './writes.ts';

export interface DynamoDbTableOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** In [0, 1): spreads retries over time. */
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Items of an index in its order, and the key behind which more may follow. DynamoDB ends a page at 1 MB, too. */
export interface IndexPage {
  readonly items: Item[];
  readonly next?: Record<string, unknown>;
}

/** How often a request is sent that DynamoDB is too busy for. */
const TRIES = 8;
/** Milliseconds. After more than six refusals of one transition its pauses may be longer: it is in a crowd. */
const PAUSE = { least: 20, most: 300, perRefusal: 50 };

/** One table. All reads but queries of an index are strongly consistent. */
export class DynamoDbTable {
  readonly tableName: string;
  readonly #random: () => number;
  readonly #sleep: (milliseconds: number) => Promise<void>;
  readonly #documents: DynamoDBDocumentClient;

  constructor({ client, tableName, random, sleep }: DynamoDbTableOptions) {
    this.tableName = tableName;
    this.#random = random;
    this.#sleep = sleep;
    this.#documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  }

  /** The items with these keys, at most 100, in their order. */
  async get(pks: readonly string[]): Promise<(Item | undefined)[]> {
    // DynamoDB refuses a batch that names a key twice.
    const distinct = [...new Set(pks)];
    const found = distinct.length > 1 ? await this.#getBatch(distinct) : await this.#getOne(distinct);
    const byKey = new Map(found.map((item) => [item.pk, item]));
    return pks.map((pk) => byKey.get(pk));
  }

  async #getOne([pk]: readonly string[]): Promise<Item[]> {
    if (pk === undefined) return [];
    const command = new GetCommand({ TableName: this.tableName, Key: { pk }, ConsistentRead: true });
    const { Item } = await this.#send(() => this.#documents.send(command));
    return Item ? [Item as Item] : [];
  }

  async #getBatch(pks: readonly string[]): Promise<Item[]> {
    const found: Item[] = [];
    let missing: Record<string, unknown>[] = pks.map((pk) => ({ pk }));
    for (let tries = 1; missing.length > 0; tries += 1) {
      if (tries > TRIES) throw new DependencyUnavailableError('the metadata table is too busy (UnprocessedKeys)');
      if (tries > 1) await this.pause();
      const RequestItems = { [this.tableName]: { Keys: missing, ConsistentRead: true } };
      const command = new BatchGetCommand({ RequestItems });
      const { Responses, UnprocessedKeys } = await this.#send(() => this.#documents.send(command));
      found.push(...((Responses?.[this.tableName] ?? []) as Item[]));
      missing = UnprocessedKeys?.[this.tableName]?.Keys ?? [];
    }
    return found;
  }

  /** One page of an index; it may lag behind the table by seconds. */
  async query(input: Omit<QueryCommandInput, 'TableName'>): Promise<IndexPage> {
    const command = new QueryCommand({ TableName: this.tableName, ...input });
    const { Items, LastEvaluatedKey } = await this.#send(() => this.#documents.send(command));
    return { items: (Items ?? []) as Item[], ...(LastEvaluatedKey && { next: LastEvaluatedKey }) };
  }

  /**
   * Writes all or nothing. `false`: a condition did not hold, or another write was under way on one of the items; what
   * was read before is out of date then, so the caller reads again instead of sending the same again.
   */
  async commit(actions: readonly Action[]): Promise<boolean> {
    const write = this.#requestOf(actions);
    return this.#send(async () => {
      try {
        await write();
        return true;
      } catch (error) {
        if (isRefused(error)) return false;
        throw error;
      }
    });
  }

  /** A transaction costs twice as much, so one write is sent alone. */
  #requestOf(actions: readonly Action[]): () => Promise<unknown> {
    const [{ Put, Update, Delete } = {}, ...others] = actions;
    if (others.length === 0) {
      if (Put) return () => this.#documents.send(new PutCommand(Put));
      if (Update) return () => this.#documents.send(new UpdateCommand(Update));
      if (Delete) return () => this.#documents.send(new DeleteCommand(Delete));
    }
    const transaction = new TransactWriteCommand({
      TransactItems: [...actions],
      // Same token on every retry, so a transaction whose response was lost is not applied twice.
      ClientRequestToken: randomUUID(),
    });
    return () => this.#documents.send(transaction);
  }

  async #send<T>(request: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await request();
      } catch (error) {
        if (tries === TRIES || !isContended(error)) throw dynamoDbErrorOf(error, this.tableName);
        await this.pause();
      }
    }
  }

  /** Callers that collided would collide again if they waited equally long. */
  pause(refusals = 0): Promise<void> {
    const most = Math.max(PAUSE.most, refusals * PAUSE.perRefusal);
    return this.#sleep(PAUSE.least + this.#random() * (most - PAUSE.least));
  }
}
