import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../shared/config.ts';
import type { Dependencies, Log } from '../../shared/dependencies.ts';
import { cacheSwitches } from '../../shared/metadata/cached-switches.ts';
import type { MetadataStore } from '../../shared/metadata/metadata-store.ts';
import { SqliteMetadataStore } from '../../shared/metadata/sqlite/sqlite-metadata-store.ts';
import { LocalStorageBackend } from '../../shared/storage/local/local-storage-backend.ts';
import { TEMPORARY_PREFIX } from '../../shared/storage/object-keys.ts';
import { eicarScanner } from '../../shared/uploads/eicar-scanner.ts';
import { createDynamoDbClient, createMetadataStore, createStorage } from '../aws/adapters.ts';
import { purgeMessage } from '../events.ts';
import { settingsOf } from '../settings.ts';
import { type HiddenFolder, keepRandomKey, openHiddenFolder } from './hidden-folder.ts';
import { openLinkSecret } from './link-secret.ts';
import { LocalQueue } from './local-queue.ts';
import { logMetrics } from './log-metrics.ts';
import { lockFolder } from './owner-lock.ts';
import { objectCreatedEvent } from './s3-event.ts';

const RETRY_DELAY_MILLISECONDS = 1000;
/** The bucket that events of the folder name. */
const LOCAL_BUCKET = 'local';

export interface LocalDependenciesOptions {
  readonly config: Config;
  /** Where clients reach this server, without a final slash. */
  readonly baseUrl: string;
  readonly log: Log;
  readonly clock: () => Date;
}

/** The adapters that the configuration names, and what else belongs to the process. */
export interface LocalDependencies {
  readonly dependencies: Dependencies;
  readonly uploads: LocalQueue;
  readonly maintenance: LocalQueue;
  /** With STORAGE_BACKEND=local: objects in the folder, and the secret that signs their addresses. */
  readonly folder?: { readonly storage: LocalStorageBackend; readonly secret: Uint8Array };
  /** Without METADATA_TABLE_NAME: records in the folder. */
  readonly database?: SqliteMetadataStore;
  close(): void;
}

/**
 * Opens the folder for this process alone and builds the configured adapters: objects in the folder or in S3, records in
 * SQLite or in DynamoDB. Events come through queues of this process either way.
 * @throws InvalidConfigurationError if another process owns the folder.
 */
export async function openLocalDependencies(options: LocalDependenciesOptions): Promise<LocalDependencies> {
  const { config, baseUrl, log, clock } = options;
  const directory = resolve(config.UPLOAD_DIRECTORY);
  const hidden = await openHiddenFolder(directory);
  const lock = lockFolder({ path: hidden.lock, folder: directory });

  const queue = (name: string) =>
    new LocalQueue({ name, log, deadLetterFile: hidden.deadLetters, retryDelay: RETRY_DELAY_MILLISECONDS });
  const uploads = queue('uploads');
  const maintenance = queue('maintenance');
  const folder = config.STORAGE_BACKEND === 'local' ? await openFolder(options, directory, hidden, uploads) : undefined;
  const client = createDynamoDbClient(config);
  const database = config.METADATA_TABLE_NAME === '' ? new SqliteMetadataStore({ path: hidden.database }) : undefined;
  const metadata = database ?? createMetadataStore(config, client);

  const dependencies = {
    storage: folder?.storage ?? createStorage(config, client, clock),
    metadata,
    queues: {
      sendUpload: async (message) => uploads.send(JSON.stringify(message)),
      sendPurge: async (message) => maintenance.send(purgeMessage(message)),
    },
    // Nothing of ours stands between this server and its clients.
    edgeCache: { invalidate: async () => 'accepted' },
    scanner: eicarScanner,
    switches: cacheSwitches(metadata, clock),
    linkSecret: await openLinkSecret(hidden.contentLinkSecret),
    settings: settingsOf(config, { baseUrl, bucketName: folder ? LOCAL_BUCKET : config.S3_BUCKET_NAME }),
    log,
    metrics: logMetrics(log),
    clock,
    newId: randomUUID,
    sleep: (milliseconds) => sleep(milliseconds),
  } satisfies Dependencies;

  const close = () => {
    database?.close();
    lock.release();
  };
  return { dependencies, uploads, maintenance, ...(folder && { folder }), ...(database && { database }), close };
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
    // The notification of the bucket: only what clients wrote, and only once it is durable.
    onObjectCreated: (object) => {
      if (!object.key.startsWith(TEMPORARY_PREFIX)) return;
      uploads.send(JSON.stringify(objectCreatedEvent({ ...object, bucket: LOCAL_BUCKET, at: clock() })));
    },
  });
  return { storage, secret };
}

/**
 * The records alone, for an operator's command: those of the table that is configured, or of the folder, also while a
 * server owns it, because its database takes writes of several processes.
 * @throws InvalidConfigurationError for a place where no folder can be.
 */
export async function openMetadata(config: Config): Promise<{ readonly metadata: MetadataStore; close(): void }> {
  if (config.METADATA_TABLE_NAME !== '') {
    return { metadata: createMetadataStore(config, createDynamoDbClient(config)), close: () => {} };
  }
  const { database: path } = await openHiddenFolder(resolve(config.UPLOAD_DIRECTORY));
  const database = new SqliteMetadataStore({ path });
  return { metadata: database, close: () => database.close() };
}
