import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Context } from 'aws-lambda';
import { type Config, claimNamesOf } from '../../shared/config.ts';
import type { Log } from '../../shared/dependencies.ts';
import { InvalidConfigurationError } from '../../shared/errors.ts';
import type { StorageBackend } from '../../shared/storage/storage-backend.ts';
import { createApiHandler } from '../api.ts';
import { createMaintenanceHandler, type MaintenanceHandler } from '../maintenance.ts';
import { createProcessUploadHandler } from '../process-upload.ts';
import { createPublicApiHandler } from '../public-api.ts';
import { type LocalDependencies, type LocalDependenciesOptions, openLocalDependencies } from './dependencies.ts';
import { openDevIssuer, refuseProduction } from './dev-issuer.ts';
import { openHiddenFolder } from './hidden-folder.ts';
import { recover } from './recovery.ts';
import { createLocalServer } from './server.ts';
import { createTransferRoutes } from './transfer-routes.ts';
import { watchUploads } from './upload-watcher.ts';

const SWEEP_MILLISECONDS = 60_000;
/** Requests that are still being answered at the end get this long. */
const GRACE_MILLISECONDS = 5000;

export interface LocalModeOptions extends Pick<LocalDependenciesOptions, 'config' | 'log' | 'clock' | 'rendering'> {
  /** NODE_ENV: local mode refuses production. */
  readonly nodeEnv: string | undefined;
}

export interface LocalMode {
  /** Where clients reach it. */
  readonly url: string;
  /** Ends after the requests and the images in progress, with the processes that render. */
  stop(): Promise<void>;
}

/**
 * The whole service: the handlers that run on AWS, over a folder, in one process, and its children that render. Resolves when it is ready.
 * @throws InvalidConfigurationError for production, a folder or a port that is in use.
 */
export async function startLocalMode({ nodeEnv, ...options }: LocalModeOptions): Promise<LocalMode> {
  const { config, log, clock } = options;
  refuseProduction(nodeEnv);
  // Listens first, because with PORT=0 the address is known only then; requests wait until everything stands.
  const ready = Promise.withResolvers<RequestListener>();
  const server = createServer(async (request, response) => (await ready.promise)(request, response));
  const boundUrl = await listen(server, config);
  let local: LocalDependencies | undefined;
  try {
    const { signingKey } = await openHiddenFolder(config.UPLOAD_DIRECTORY);
    const issuer = await openDevIssuer({ keyFile: signingKey, claimNames: claimNamesOf(config), nodeEnv });
    const url = config.PUBLIC_BASE_URL || boundUrl;
    const opened = await openLocalDependencies({ ...options, baseUrl: url });
    local = opened;
    opened.renderer.prepare();
    const { dependencies, folder, uploads, maintenance } = opened;
    if (folder) await refuseUnwritable(folder.storage, config.UPLOAD_DIRECTORY);
    const maintain = createMaintenanceHandler(dependencies);
    const recovered = await recover(opened);
    if (recovered.redriven > 0) log.info('taken up again', recovered);
    uploads.consume(createProcessUploadHandler(dependencies));
    maintenance.consume(maintain);
    const timer = startSweeping(opened, maintain, log);
    const watcher = folder ? undefined : watchUploads(dependencies, uploads);
    ready.resolve(
      createLocalServer({
        publicApi: createPublicApiHandler(dependencies),
        api: createApiHandler(watcher ? { ...dependencies, metadata: watcher.metadata } : dependencies),
        transfers: folder && createTransferRoutes({ ...folder, now: clock, log }),
        issuer,
        log,
      }),
    );
    return {
      url,
      async stop() {
        clearInterval(timer);
        await closeServer(server);
        await Promise.all([watcher?.stop(), uploads.stop(), maintenance.stop()]);
        opened.close();
      },
    };
  } catch (error) {
    server.close();
    local?.close();
    throw error;
  }
}

/** @throws InvalidConfigurationError for a folder that could not keep what is uploaded. */
async function refuseUnwritable(storage: Pick<StorageBackend, 'checkReady'>, directory: string): Promise<void> {
  try {
    await storage.checkReady();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidConfigurationError(`UPLOAD_DIRECTORY "${directory}" cannot be written to: ${reason}`, { cause });
  }
}

/** The schedule of the maintenance function, and what DynamoDB's TTL does on AWS. */
function startSweeping({ database, dependencies }: LocalDependencies, maintain: MaintenanceHandler, log: Log) {
  return setInterval(async () => {
    try {
      await maintain({ 'detail-type': 'Scheduled Event' }, { awsRequestId: dependencies.newId() } as Context);
      database?.removeExpired({ now: dependencies.clock() });
    } catch (error) {
      log.error('the sweep failed; it runs again in a minute', { error });
    }
  }, SWEEP_MILLISECONDS);
}

async function listen(server: Server, { HOST, PORT }: Config): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'EADDRINUSE' ? 'is in use; choose another PORT, or 0 for any' : `failed: ${cause.message}`;
      reject(new InvalidConfigurationError(`listening on HOST "${HOST}", PORT ${PORT} ${why}`, { cause }));
    });
    server.listen(PORT, HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return urlOf({ HOST, PORT: port });
}

/** Where clients reach a server that listens there. */
export function urlOf({ HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>): string {
  // An address that means "every interface" is no address a client could use.
  const host = HOST === '0.0.0.0' || HOST === '::' ? 'localhost' : HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${PORT}`;
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const impatience = setTimeout(() => server.closeAllConnections(), GRACE_MILLISECONDS);
  await closed;
  clearTimeout(impatience);
}
