import { DynamoDbRecordStore } from '../../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { createMetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { describeMetadataStore } from '../../contracts/metadata-store.contract.ts';
import { describeRecordStore } from '../contract/commits.ts';
import { openTable } from './open-table.ts';

describeRecordStore('DynamoDbRecordStore', async () => {
  const { client, tableName, close } = await openTable();
  return { store: new DynamoDbRecordStore({ client, tableName }), close };
});

const openStore = async () => {
  const { client, tableName, close } = await openTable();
  return { store: createMetadataStore(new DynamoDbRecordStore({ client, tableName })), close };
};
describeMetadataStore('DynamoDbRecordStore', openStore, { histories: 20 });
