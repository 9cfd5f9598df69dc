import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransferRoutes } from '../../../functions/local/transfer-routes.ts';
import type { StorageOfParts } from '../../../functions/local/transfer-upload.ts';
import type { CreatedObject } from '../../../shared/storage/local/local-object-storage.ts';
import { LocalStorageBackend } from '../../../shared/storage/local/local-storage-backend.ts';

export interface LocalStorageUnderTest {
  readonly backend: LocalStorageBackend;
  readonly directory: string;
  readonly baseUrl: string;
  readonly secret: Uint8Array;
  /** What onObjectCreated was told. */
  readonly created: readonly CreatedObject[];
  /** What the routes logged as errors. */
  readonly logged: readonly unknown[];
  close(): Promise<void>;
}

/** A storage in a new folder, with its transfer routes on a free port. `route` stands between routes and storage. */
export async function openLocalStorage(
  route: (backend: StorageOfParts) => StorageOfParts = (backend) => backend,
): Promise<LocalStorageUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), 'local-storage-'));
  const secret = randomBytes(32);
  const created: CreatedObject[] = [];
  const logged: unknown[] = [];
  const server = createServer();
  const baseUrl = `http://127.0.0.1:${await listen(server)}`;
  const backend = new LocalStorageBackend({
    directory,
    baseUrl,
    secret,
    onObjectCreated: (object) => created.push(object),
  });
  const log = { error: (_: string, fields?: object) => logged.push(fields) };
  const routes = createTransferRoutes({ storage: route(backend), secret, now: () => new Date(), log });
  server.on('request', async (request, response) => {
    if (!(await routes(request, response))) response.writeHead(418).end();
  });
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true });
  };
  return { backend, directory, baseUrl, secret, created, logged, close };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
