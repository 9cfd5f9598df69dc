import { S3Client } from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import { S3StorageBackend } from '../../../shared/storage/s3/s3-storage-backend.ts';
import type { S3Options } from '../../../shared/storage/s3/s3-url-signer.ts';
import type { StorageUnderTest } from '../../contracts/storage-backend.contract.ts';
import { SEAWEEDFS_DIFFERENCES } from '../../engines/s3-differences.ts';

export interface S3StorageUnderTest extends StorageUnderTest {
  readonly backend: S3StorageBackend;
  readonly options: S3Options;
  /** For what the port cannot do. */
  readonly client: S3Client;
}

/** The storage over the bucket of the running engine. */
export function openS3Storage(changes: Partial<S3Options> = {}): S3StorageUnderTest {
  const { endpoint, region, bucket, credentials } = inject('s3Engine');
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  const { sha256 } = client.config;
  const options = { bucket, region, endpoint, credentials, sha256, clock: () => new Date(), ...changes };
  const backend = new S3StorageBackend(options);
  return { backend, options, client, engineDifferences: SEAWEEDFS_DIFFERENCES, close: async () => client.destroy() };
}
