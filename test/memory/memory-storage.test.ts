import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTransferRoutes } from '../../functions/local/transfer-routes.ts';
import { describeStorageBackend, type StorageUnderTest } from '../contracts/storage-backend.contract.ts';
import { MemoryStorage } from './memory-storage.ts';

describeStorageBackend('MemoryStorage behind the transfer routes', openMemoryStorage);

async function openMemoryStorage(): Promise<StorageUnderTest> {
  const server = createServer();
  const baseUrl = `http://127.0.0.1:${await listen(server)}`;
  const secret = randomBytes(32);
  const storage = new MemoryStorage({ baseUrl, secret });
  const log = { error: (message: string, fields?: object) => console.error(message, fields) };
  const routes = createTransferRoutes({ storage, secret, now: () => new Date(), log });
  server.on('request', (request, response) => void routes(request, response));
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { backend: storage, close };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
