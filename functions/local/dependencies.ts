import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../shared/config.ts';
import type { Dependencies, Log } from '../../shared/dependencies.ts';
import { renderer } from '../../shared/images/renderer.ts';
import { cacheSwitches } from '../../shared/metadata/cached-switches.ts';
import { createMetadataStore, type MetadataStore } from '../../shared/metadata/metadata-store.ts';
import { SqliteRecordStore } from '../../shared/metadata/sqlite/sqlite-record-store.ts';
import { LocalStorageBackend } from '../../shared/storage/local/local-storage-backend.ts';
import { TEMPORARY_PREFIX } from '../../shared/storage/object-keys.ts';
import { eicarScanner } from '../../shared/uploads/eicar-scanner.ts';
import { createDynamoDbClient, createStorage, createTableMetadata } from '../aws/adapters.ts';
import { purgeMessage, sweepMessage } from '../events.ts';
import { settingsOf } from '../settings.ts';
import { type HiddenFolder, keepRandomKey, openHiddenFolder } from './hidden-folder.ts';
import { openLinkSecret } from './link-secret.ts';
import { LocalQueue } from './local-queue.ts';
import { logMetrics } from './log-metrics.ts';
import { lockFolder } from './owner-lock.ts';
import { objectCreatedEvent } from './s3-event.ts';

/** The visibility timeout: shorter than on AWS, because no message is processed twice at a time here. */
const RETRY_DELAY_MILLISECONDS = 1000;
/** The bucket name in events of the folder. */
const LOCAL_BUCKET = 'local';

export interface LocalDependenciesOptions {
  readonly config: Config;
  /** Where clients reach this server, without a final slash. */
  readonly baseUrl: string;
  readonly log: Log;
  readonly clock: () => Date;
}

/** The configured adapters, and what else belongs to the process. */
export interface LocalDependencies {
  readonly dependencies: Dependencies;
  readonly uploads: LocalQueue;
  readonly maintenance: LocalQueue;
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

  const queue = (name: string) =>
    new LocalQueue({ name, log, deadLetterFile: hidden.deadLetters, retryDelay: RETRY_DELAY_MILLISECONDS });
  const uploads = queue('uploads');
  const maintenance = queue('maintenance');
  const folder = config.STORAGE_BACKEND === 'local' ? await openFolder(options, directory, hidden, uploads) : undefined;
  const client = createDynamoDbClient(config);
  const database = config.METADATA_TABLE_NAME === '' ? new SqliteRecordStore({ path: hidden.database }) : undefined;
  const metadata = database ? createMetadataStore(database) : createTableMetadata(config, client);

  const dependencies = {
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
