import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LocalDependencies } from '../../functions/local/dependencies.ts';
import { openHiddenFolder } from '../../functions/local/hidden-folder.ts';
import { recover } from '../../functions/local/recovery.ts';
import { createMetadataStore } from '../../shared/metadata/metadata-store.ts';
import { SqliteRecordStore } from '../../shared/metadata/sqlite/sqlite-record-store.ts';
import { LocalStorageBackend } from '../../shared/storage/local/local-storage-backend.ts';
import { type Client, clientOf } from './client.ts';
import { type OpenAdapters, openWorld, type World, type WorldOptions } from './world.ts';

const FIXTURE = join(import.meta.dirname, '../fixtures/folder-of-schema-2');

type Fields = Readonly<Record<string, unknown>>;

/** What the folder holds, and what the release that wrote it did when it was started over it. */
export interface FormerContents {
  readonly uploads: Readonly<Record<string, { readonly uploadId: string }>>;
  readonly attachments: Readonly<Record<string, { readonly fileId: string; readonly key: string }>>;
  readonly organizations: Readonly<Record<string, Fields>>;
  readonly objects: Readonly<Record<string, { readonly size: number }>>;
  readonly idempotentRequest: { readonly key: string; readonly uploadId: string };
  readonly afterStart: {
    readonly at: string;
    readonly organizations: Readonly<Record<string, Fields>>;
    /** Null: removed. */
    readonly objects: Readonly<Record<string, Fields | null>>;
  };
}

/** A copy of the folder in a world whose clock goes on where the folder's stopped. */
export interface FormerFolder {
  readonly world: World;
  readonly contents: FormerContents;
  /** A user who has an avatar in the folder. */
  readonly user: (name: string) => Client;
}

const ORGANIZATIONS: Readonly<Record<string, string>> = { hal: 'globex', ivy: 'initech' };

/** Nothing has been recovered or swept yet. The copy ends with the test. */
export async function openFormerFolder(options?: WorldOptions): Promise<FormerFolder> {
  const contents: FormerContents = JSON.parse(await readFile(join(FIXTURE, 'contents.json'), 'utf8'));
  const world = await openWorld(openCopy, options);
  world.advance(Date.parse(contents.afterStart.at) - world.now().getTime());
  const user = (sub: string) => clientOf(world, { sub, organization: ORGANIZATIONS[sub] ?? 'acme' });
  return { world, contents, user };
}

const openCopy: OpenAdapters = async () => {
  const parent = await mkdtemp(join(tmpdir(), 'former-'));
  await promisify(execFile)('tar', ['-xzf', join(FIXTURE, 'folder.tar.gz'), '-C', parent]);
  const directory = join(parent, 'folder');
  const records = new SqliteRecordStore({ path: (await openHiddenFolder(directory)).database });
  return {
    storage: new LocalStorageBackend({ directory, baseUrl: 'http://127.0.0.1:3000', secret: Buffer.alloc(32) }),
    metadata: createMetadataStore(records),
    sendPart: () => Promise.reject(new Error('nothing is sent in parts here')),
    async close() {
      records.close();
      await rm(parent, { recursive: true });
    },
  };
};

/** What local mode does when it starts: recovers, processes what it found and sweeps once. */
export async function start(world: World): Promise<void> {
  const { metadata, storage, settings, now: clock } = world;
  const found: { readonly uploadId: string }[] = [];
  const queues = { sendUpload: async (message: { readonly uploadId: string }) => void found.push(message) };
  const local = { dependencies: { metadata, storage, settings, clock, queues }, folder: { storage }, database: {} };
  await recover(local as unknown as LocalDependencies);
  for (const message of found) await world.deliver({ queue: 'uploads', body: JSON.stringify(message) });
  await world.sweep();
}
