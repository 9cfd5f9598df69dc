import { DynamoDbMetadataStore } from '../../../shared/metadata/dynamodb/dynamodb-metadata-store.ts';
import { describeMetadataStore } from '../../contracts/metadata-store.contract.ts';
import { openTable } from './open-table.ts';

describeMetadataStore('DynamoDbMetadataStore', async () => {
  const { client, tableName, close } = await openTable();
  return { store: new DynamoDbMetadataStore({ client, tableName }), close };
});
