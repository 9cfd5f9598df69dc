import { randomUUID } from 'node:crypto';
import { prefixStorage } from '../../shared/storage/prefixed-storage-backend.ts';
import { openS3Storage } from '../storage/s3/open-s3-storage.ts';
import { describeFencedWrite } from './describe-fenced-write.ts';

describeFencedWrite('S3', async () => {
  const { backend, close } = openS3Storage();
  return { storage: prefixStorage({ backend, prefix: `fence-${randomUUID()}` }), close };
});
