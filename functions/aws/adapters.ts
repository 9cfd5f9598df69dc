import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Config } from '../../shared/config.ts';
import { DynamoDbRecordStore } from '../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { createMetadataStore, type MetadataStore } from '../../shared/metadata/metadata-store.ts';
import { prefixObjects, prefixStorage, prefixUrlSource } from '../../shared/storage/prefixed-storage-backend.ts';
import { S3ObjectStorage } from '../../shared/storage/s3/s3-object-storage.ts';
import { S3StorageBackend } from '../../shared/storage/s3/s3-storage-backend.ts';
import { createS3UrlSigner, type S3Options } from '../../shared/storage/s3/s3-url-signer.ts';
import type { FileUrlSource, ObjectStorage, StorageBackend } from '../../shared/storage/storage-backend.ts';
import { CLIENT_LIMITS } from './client-limits.ts';

/*
 * The adapters for AWS, each built from the configuration. A function's bundle contains only those that it calls.
 * Credentials come from the SDK's default chain, through the one client that every function has.
 */

/** The client that every function has. It finds credentials and AWS_ENDPOINT_URL by itself. */
export function createDynamoDbClient({ AWS_REGION }: Config): DynamoDBClient {
  return new DynamoDBClient({ region: AWS_REGION, ...CLIENT_LIMITS });
}

/** The lifecycle over the records in DynamoDB. */
export function createTableMetadata(config: Config, client: DynamoDBClient): MetadataStore {
  return createMetadataStore(new DynamoDbRecordStore({ client, tableName: config.METADATA_TABLE_NAME }));
}

/** Signs URLs and touches no object. */
export function createUrlSource(config: Config, client: DynamoDBClient, clock: () => Date): FileUrlSource {
  const backend = createS3UrlSigner(s3Options(config, client, clock));
  return prefixUrlSource({ backend, prefix: config.S3_BUCKET_PATH });
}

/** Without multipart uploads. */
export function createObjectStorage(config: Config, client: DynamoDBClient, clock: () => Date): ObjectStorage {
  const backend = new S3ObjectStorage(s3Options(config, client, clock));
  return prefixObjects({ backend, prefix: config.S3_BUCKET_PATH });
}

export function createStorage(config: Config, client: DynamoDBClient, clock: () => Date): StorageBackend {
  const backend = new S3StorageBackend(s3Options(config, client, clock));
  return prefixStorage({ backend, prefix: config.S3_BUCKET_PATH });
}

function s3Options(config: Config, { config: { credentials, sha256 } }: DynamoDBClient, clock: () => Date): S3Options {
  const endpoint = config.AWS_ENDPOINT_URL_S3 || config.AWS_ENDPOINT_URL;
  return {
    bucket: config.S3_BUCKET_NAME,
    region: config.AWS_REGION,
    ...(endpoint !== '' && { endpoint }),
    ...(config.CLOUDFRONT_DOMAIN !== '' && { publicDomain: config.CLOUDFRONT_DOMAIN }),
    credentials,
    sha256,
    clock,
  };
}
