import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalStorageBackend } from '../../shared/storage/local/local-storage-backend.ts';
import { describeFencedWrite } from './describe-fenced-write.ts';

describeFencedWrite('a folder', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'fence-'));
  const storage = new LocalStorageBackend({ directory, baseUrl: 'http://127.0.0.1', secret: Buffer.alloc(32) });
  return { storage, close: () => rm(directory, { recursive: true }) };
});
