import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BASE_PATH } from '../../shared/api/operations.ts';
import { type Config, claimNamesOf } from '../../shared/config.ts';
import type { Dependencies, Log } from '../../shared/dependencies.ts';
import { cacheSwitches } from '../../shared/metadata/cached-switches.ts';
import { SqliteMetadataStore } from '../../shared/metadata/sqlite/sqlite-metadata-store.ts';
import { LocalStorageBackend } from '../../shared/storage/local/local-storage-backend.ts';
import { TEMPORARY_PREFIX } from '../../shared/storage/object-keys.ts';
import { eicarScanner } from '../../shared/uploads/eicar-scanner.ts';
import { purgeMessage } from '../events.ts';
import { type HiddenFolder, keepSecret, openHiddenFolder } from './hidden-folder.ts';
import { LocalQueue } from './local-queue.ts';
import { lockFolder } from './owner-lock.ts';
import { LOCAL_BUCKET, objectCreatedEvent } from './s3-event.ts';

/** A worker holds an upload this long, as the function on AWS may run. */
const LEASE_SECONDS = 120;
const RETRY_DELAY_MILLISECONDS = 1000;

export interface LocalDependenciesOptions {
  readonly config: Config;
  /** Where clients reach this server, without a final slash. */
  readonly baseUrl: string;
  readonly log: Log;
  readonly clock: () => Date;
}

/** The local adapters, and what else belongs to the folder they stand on. */
export interface LocalDependencies {
  readonly dependencies: Dependencies;
  readonly storage: LocalStorageBackend;
  readonly metadata: SqliteMetadataStore;
  readonly uploads: LocalQueue;
  readonly maintenance: LocalQueue;
  readonly hidden: HiddenFolder;
  /** Signs upload tickets and links. */
  readonly secret: Uint8Array;
  close(): void;
}

/**
 * Opens the folder for this process alone and builds every local adapter on it.
 * @throws InvalidConfigurationError if another process owns the folder.
 */
export async function openLocalDependencies(options: LocalDependenciesOptions): Promise<LocalDependencies> {
  const { config, baseUrl, log, clock } = options;
  const directory = resolve(config.UPLOAD_DIRECTORY);
  await mkdir(directory, { recursive: true });
  const hidden = await openHiddenFolder(directory);
  const lock = lockFolder({ path: hidden.lock, folder: directory });
  const secret = Buffer.from(await keepSecret(hidden.linkSecret, () => randomBytes(32).toString('base64')), 'base64');

  const queue = (name: string) =>
    new LocalQueue({ name, log, deadLetterFile: hidden.deadLetters, retryDelay: RETRY_DELAY_MILLISECONDS });
  const uploads = queue('uploads');
  const maintenance = queue('maintenance');
  const metadata = new SqliteMetadataStore({ path: hidden.database });
  const storage = new LocalStorageBackend({
    directory,
    baseUrl,
    secret,
    // The notification of the bucket: only what clients wrote, and only once it is durable.
    onObjectCreated: (object) => {
      if (object.key.startsWith(TEMPORARY_PREFIX)) {
        uploads.send(JSON.stringify(objectCreatedEvent({ ...object, at: clock() })));
      }
    },
  });

  const dependencies = {
    storage,
    metadata,
    queues: {
      sendUpload: async (message) => uploads.send(JSON.stringify(message)),
      sendPurge: async ({ avatar }) => maintenance.send(purgeMessage(avatar)),
    },
    // Nothing stands between this server and its clients.
    edgeCache: { invalidate: async () => 'accepted' },
    scanner: eicarScanner,
    switches: cacheSwitches(metadata, clock),
    settings: {
      apiUrl: `${baseUrl}${BASE_PATH}`,
      claimNames: claimNamesOf(config),
      agentBinding: config.AGENT_BINDING,
      avatarMaxBytes: config.AVATAR_MAX_BYTES,
      organizationBytes: config.ORGANIZATION_BYTES,
      organizationFiles: config.ORGANIZATION_FILES,
      openUploadsPerUser: config.OPEN_UPLOADS_PER_USER,
      bucket: { name: LOCAL_BUCKET, keyPrefix: '' },
      leaseSeconds: LEASE_SECONDS,
    },
    log,
    clock,
    newId: randomUUID,
    sleep: (milliseconds) => sleep(milliseconds),
  } satisfies Dependencies;

  const close = () => {
    metadata.close();
    lock.release();
  };
  return { dependencies, storage, metadata, uploads, maintenance, hidden, secret, close };
}
