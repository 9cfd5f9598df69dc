import { randomUUID } from 'node:crypto';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { inject } from 'vitest';
import {
  EXPIRY_ATTRIBUTE,
  projectionOf,
  TABLE_INDEXES,
  TABLE_KEY,
} from '../../../shared/metadata/dynamodb/table-schema.ts';

/** A new table of the product's schema. */
export interface OpenedTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** Another client, which nothing intercepts. */
  connect(): DynamoDBClient;
  close(): Promise<void>;
}

export async function openTable(): Promise<OpenedTable> {
  const clients: DynamoDBClient[] = [];
  const connect = () => {
    const client = new DynamoDBClient(inject('dynamoDbEngine'));
    clients.push(client);
    return client;
  };
  const client = connect();
  const tableName = `test-${randomUUID()}`;
  await createTable(client, tableName);
  return {
    client,
    tableName,
    connect,
    async close() {
      for (const opened of clients) opened.destroy();
    },
  };
}

/** Makes the table as a deployment does. */
export async function createTable(client: DynamoDBClient, tableName: string): Promise<void> {
  await client.send(new CreateTableCommand(tableOf(tableName)));
  const TimeToLiveSpecification = { AttributeName: EXPIRY_ATTRIBUTE, Enabled: true };
  await client.send(new UpdateTimeToLiveCommand({ TableName: tableName, TimeToLiveSpecification }));
}

/** The schema in the words of CreateTable. */
function tableOf(tableName: string): CreateTableCommandInput {
  const attributes = [TABLE_KEY, ...TABLE_INDEXES.flatMap(({ partitionKey, sortKey }) => [partitionKey, sortKey])];
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: attributes.map((name) => ({ AttributeName: name, AttributeType: 'S' })),
    KeySchema: [{ AttributeName: TABLE_KEY, KeyType: 'HASH' }],
    GlobalSecondaryIndexes: TABLE_INDEXES.map((index) => ({
      IndexName: index.name,
      KeySchema: [
        { AttributeName: index.partitionKey, KeyType: 'HASH' },
        { AttributeName: index.sortKey, KeyType: 'RANGE' },
      ],
      Projection: projectionOf(index),
    })),
  };
}
