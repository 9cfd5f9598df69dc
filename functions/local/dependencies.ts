import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../shared/config.ts';
import type { Dependencies, Log } from '../../shared/dependencies.ts';
import { cacheSwitches } from '../../shared/metadata/cached-switches.ts';
import { createMetadataStore, type MetadataStore } from '../../shared/metadata/metadata-store.ts';
import { SqliteRecordStore } from '../../shared/metadata/sqlite/sqlite-record-store.ts';
import { LocalStorageBackend } from '../../shared/storage/local/local-storage-backend.ts';
import { TEMPORARY_PREFIX } from '../../shared/storage/object-keys.ts';
import { eicarScanner } from '../../shared/uploads/eicar-scanner.ts';
import { createDynamoDbClient, createStorage, createTableMetadata } from '../aws/adapters.ts';
import { purgeMessage, sweepMessage } from '../events.ts';
import { RenderPool, type RenderPoolOptions } from '../rendering/render-pool.ts';
import { settingsOf } from '../settings.ts';
import { type HiddenFolder, keepRandomKey, openHiddenFolder } from './hidden-folder.ts';
import { openLinkSecret } from './link-secret.ts';
import { LocalQueue } from './local-queue.ts';
import { logMetrics } from './log-metrics.ts';
import { lockFolder } from './owner-lock.ts';
import { objectCreatedEvent } from './s3-event.ts';
import { laneOfUpload } from './upload-lane.ts';

/** The visibility timeout: shorter than on AWS, because no two messages about an upload are delivered at a time here. */
const RETRY_DELAY_MILLISECONDS = 1000;
/** Processes that render, and uploads that are processed at a time. One organization may hold all but one of them. */
const POOL_SIZE = Math.max(3, availableParallelism() + 1);
const RENDER_CHILD = new URL('../rendering/render-child.ts', import.meta.url);
/** The bucket name in events of the folder. */
const LOCAL_BUCKET = 'local';

export interface LocalDependenciesOptions {
  readonly config: Config;
  /** Where clients reach this server, without a final slash. */
  readonly baseUrl: string;
  readonly log: Log;
  readonly clock: () => Date;
  /** Other limits or another module for the processes that render. */
  readonly rendering?: Partial<RenderPoolOptions>;
}

/** The configured adapters, and what else belongs to the process. */
export interface LocalDependencies {
  readonly dependencies: Dependencies;
  readonly uploads: LocalQueue;
  readonly maintenance: LocalQueue;
  readonly renderer: RenderPool;
  /** With STORAGE_BACKEND=local: objects in the folder, and the secret that signs their URLs. */
  readonly folder?: { readonly storage: LocalStorageBackend; readonly secret: Uint8Array };
  /** Without METADATA_TABLE_NAME: records in the folder. */
  readonly database?: SqliteRecordStore;
  close(): void;
}

/**
 * Opens the folder for this process alone and builds the configured adapters: objects in the folder or in S3, records
 * in SQLite or in DynamoDB. Either way, events go through queues of this process.
 * @throws InvalidConfigurationError if another process owns the folder.
 */
export async function openLocalDependencies(options: LocalDependenciesOptions): Promise<LocalDependencies> {
  const { config, baseUrl, log, clock } = options;
  const directory = resolve(config.UPLOAD_DIRECTORY);
  const hidden = await openHiddenFolder(directory);
  const lock = lockFolder({ path: hidden.lock, folder: directory });

  const size = options.rendering?.size ?? POOL_SIZE;
  const renderer = new RenderPool({ module: RENDER_CHILD, ...options.rendering, size });
  const queue = { log, deadLetterFile: hidden.deadLetters, retryDelay: RETRY_DELAY_MILLISECONDS };
  const laneOf = (body: string) => laneOfUpload(dependencies, body);
  const concurrency = { most: size, mostOfGroup: size - 1, laneOf };
  const uploads = new LocalQueue({ ...queue, name: 'uploads', concurrency });
  const maintenance = new LocalQueue({ ...queue, name: 'maintenance' });
  const folder = config.STORAGE_BACKEND === 'local' ? await openFolder(options, directory, hidden, uploads) : undefined;
  const client = createDynamoDbClient(config);
  const database = config.METADATA_TABLE_NAME === '' ? new SqliteRecordStore({ path: hidden.database }) : undefined;
  const metadata = database ? createMetadataStore(database) : createTableMetadata(config, client);

  const dependencies: Dependencies = {
    storage: folder?.storage ?? createStorage(config, client, clock),
    metadata,
    queues: {
      sendUpload: async (message) => uploads.send(JSON.stringify(message)),
      sendPurge: async (message) => maintenance.send(purgeMessage(message)),
      sendSweep: async (message) => maintenance.send(sweepMessage(message)),
    },
    visibility: uploads.visibility,
    // There is no CDN between this server and its clients.
    edgeCache: { invalidate: async () => 'accepted' },
    scanner: eicarScanner,
    renderer,
    switches: cacheSwitches(metadata, clock),
    linkSecret: await openLinkSecret(hidden.contentLinkSecret),
    settings: settingsOf(config, { baseUrl, bucketName: folder ? LOCAL_BUCKET : config.S3_BUCKET_NAME }),
    log,
    metrics: logMetrics(log),
    clock,
    newId: randomUUID,
    sleep: (milliseconds) => sleep(milliseconds),
  };

  const close = () => {
    renderer.close();
    database?.close();
    lock.release();
  };
  return {
    dependencies,
    uploads,
    maintenance,
    renderer,
    ...(folder && { folder }),
    ...(database && { database }),
    close,
  };
}

async function openFolder(
  { baseUrl, clock }: LocalDependenciesOptions,
  directory: string,
  hidden: HiddenFolder,
  uploads: LocalQueue,
) {
  const secret = await keepRandomKey(hidden.linkSecret);
  const storage = new LocalStorageBackend({
    directory,
    baseUrl,
    secret,
    // The bucket's notifications: only of what clients wrote, and only once it is durable.
    onObjectCreated: (object) => {
      if (!object.key.startsWith(TEMPORARY_PREFIX)) return;
      uploads.send(JSON.stringify(objectCreatedEvent({ ...object, bucket: LOCAL_BUCKET, at: clock() })));
    },
  });
  return { storage, secret };
}

/**
 * The records alone, for an operator's command: those of the configured table, or of the folder, even while a server
 * owns it, because its database accepts writes from several processes.
 * @throws InvalidConfigurationError for a path that cannot be a folder.
 */
export async function openMetadata(config: Config): Promise<{ readonly metadata: MetadataStore; close(): void }> {
  if (config.METADATA_TABLE_NAME !== '') {
    return { metadata: createTableMetadata(config, createDynamoDbClient(config)), close: () => {} };
  }
  const { database: path } = await openHiddenFolder(resolve(config.UPLOAD_DIRECTORY));
  const database = new SqliteRecordStore({ path });
  return { metadata: createMetadataStore(database), close: () => database.close() };
}
