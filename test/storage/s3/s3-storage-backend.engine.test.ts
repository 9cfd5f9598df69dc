import { prefixStorage } from '../../../shared/storage/prefixed-storage-backend.ts';
import { describeStorageBackend } from '../../contracts/storage-backend.contract.ts';
import { openS3Storage } from './open-s3-storage.ts';

describeStorageBackend('S3StorageBackend', async () => openS3Storage());

describeStorageBackend('S3StorageBackend below a key prefix', async () => {
  const storage = openS3Storage();
  return { ...storage, backend: prefixStorage({ backend: storage.backend, prefix: 'tenant/a' }) };
});
