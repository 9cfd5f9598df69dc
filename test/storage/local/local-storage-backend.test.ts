import { prefixStorage } from '../../../shared/storage/prefixed-storage-backend.ts';
import { describeStorageBackend } from '../../contracts/storage-backend.contract.ts';
import { openLocalStorage } from './open-local-storage.ts';

describeStorageBackend('LocalStorageBackend', () => openLocalStorage());

describeStorageBackend('LocalStorageBackend below a key prefix', async () => {
  const { backend, close } = await openLocalStorage();
  return { backend: prefixStorage({ backend, prefix: 'tenant/a' }), close };
});
