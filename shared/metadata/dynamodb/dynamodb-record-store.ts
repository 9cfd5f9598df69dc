import { setTimeout } from 'node:timers/promises';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SWITCHES_KEY } from '../record-keys.ts';
import type { ListAttachmentsInput, RecordKey, RecordStore, RecordWrite } from '../record-store.ts';
import { countUsage } from './count-usage.ts';
import { type DueWorkInput, dueShards, dueWork } from './due-work.ts';
import { DynamoDbTable } from './dynamodb-table.ts';
import { pkOf } from './item-keys.ts';
import { recordOf } from './items.ts';
import { listAttachments } from './list-attachments.ts';
import { openUploads } from './open-uploads.ts';
import { actionOf } from './writes.ts';

export interface DynamoDbRecordStoreOptions {
  readonly client: DynamoDBClient;
  /** A table of table-schema.ts. */
  readonly tableName: string;
  /** In [0, 1): spreads retries over time. @default Math.random */
  readonly random?: () => number;
  /** @default the timer of the process */
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

/**
 * The records in one DynamoDB table, one item each. A commit of one write is one conditional write, one of several is a
 * transaction. Every method throws
 * - DependencyUnavailableError if DynamoDB does not respond, or is still too busy after 8 tries,
 * - StorageDeniedError if it refuses this identity,
 * - InvalidConfigurationError if there is no such table.
 */
export class DynamoDbRecordStore implements RecordStore {
  readonly #table: DynamoDbTable;

  constructor({ client, tableName, random = Math.random, sleep = setTimeout }: DynamoDbRecordStoreOptions) {
    this.#table = new DynamoDbTable({ client, tableName, random, sleep });
  }

  async read(keys: readonly RecordKey[]) {
    const items = await this.#table.get(keys.map(pkOf));
    return items.map((item) => item && recordOf(item));
  }

  async commit(writes: readonly RecordWrite[]) {
    return this.#table.commit(writes.map((write) => actionOf(write, this.#table.tableName)));
  }

  async pause(refusals: number) {
    await this.#table.pause(refusals);
  }

  async dueShards(input: { readonly now: Date }) {
    return dueShards(this.#table, input);
  }

  async dueWork(input: DueWorkInput) {
    return dueWork(this.#table, input);
  }

  async openUploads(input: { readonly organizationId: string; readonly ownerId: string }) {
    return openUploads(this.#table, input);
  }

  async listAttachments(input: ListAttachmentsInput) {
    return listAttachments(this.#table, input);
  }

  async countUsage(input: { readonly organizationId: string }) {
    return countUsage(this.#table, input);
  }

  async checkReady() {
    // A read of one item, because the public functions have no right to more.
    await this.read([SWITCHES_KEY]);
  }
}
