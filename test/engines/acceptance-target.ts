import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { TestProject } from 'vitest/node';
import { provideTarget } from '../acceptance/global-setup.ts';
import { startLocalTarget } from '../acceptance/local-target.ts';
import { createTable } from '../metadata/dynamodb/open-table.ts';
import { startBoth } from './global-setup.ts';
import { SEAWEEDFS_REPEATED_PARTS, SEAWEEDFS_UNGRANTED_FIELDS } from './s3-differences.ts';

const TABLE = 'acceptance';

/** The acceptance suite against local mode with STORAGE_BACKEND=s3, over engines of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { s3, dynamoDb, stop: stopEngines } = await startBoth();
  try {
    await createTable(new DynamoDBClient(dynamoDb), TABLE);
    const end = await provideTarget(project, async (folder) => {
      const target = await startLocalTarget(folder, {
        STORAGE_BACKEND: 's3',
        S3_BUCKET_NAME: s3.bucket,
        S3_BUCKET_PATH: 'tenant/a',
        METADATA_TABLE_NAME: TABLE,
        AWS_REGION: s3.region,
        AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
        AWS_ENDPOINT_URL_S3: s3.endpoint,
        AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.endpoint,
      });
      return {
        ...target,
        differences: { ungrantedFields: SEAWEEDFS_UNGRANTED_FIELDS, repeatedParts: SEAWEEDFS_REPEATED_PARTS },
      };
    });
    return () => end().finally(stopEngines);
  } catch (error) {
    await stopEngines();
    throw error;
  }
}
