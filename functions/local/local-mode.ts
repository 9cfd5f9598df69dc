import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Context } from 'aws-lambda';
import { type Config, claimNamesOf } from '../../shared/config.ts';
import type { Log } from '../../shared/dependencies.ts';
import { InvalidConfigurationError } from '../../shared/errors.ts';
import { createApiHandler } from '../api.ts';
import { createMaintenanceHandler, type MaintenanceHandler } from '../maintenance.ts';
import { createProcessUploadHandler } from '../process-upload.ts';
import { createPublicApiHandler } from '../public-api.ts';
import { type LocalDependencies, openLocalDependencies } from './dependencies.ts';
import { openDevIssuer } from './dev-issuer.ts';
import { openHiddenFolder } from './hidden-folder.ts';
import { recover } from './recovery.ts';
import { createLocalServer } from './server.ts';
import { createTransferRoutes } from './transfer-routes.ts';

const SWEEP_MILLISECONDS = 60_000;
/** Requests that are still being answered at the end get this long. */
const GRACE_MILLISECONDS = 5000;

export interface LocalModeOptions {
  readonly config: Config;
  /** NODE_ENV: local mode refuses production. */
  readonly nodeEnv: string | undefined;
  readonly log: Log;
  readonly clock: () => Date;
}

export interface LocalMode {
  /** Where clients reach it. */
  readonly url: string;
  /** Ends after the requests and the picture in hand. */
  stop(): Promise<void>;
}

/**
 * The whole service in one process: the handlers that run on AWS, over a folder. Resolves when it is ready.
 * @throws InvalidConfigurationError for production, a folder or a port that is in use.
 */
export async function startLocalMode({ config, nodeEnv, log, clock }: LocalModeOptions): Promise<LocalMode> {
  const claimNames = claimNamesOf(config);
  const { signingKey } = await openHiddenFolder(config.UPLOAD_DIRECTORY);
  const issuer = await openDevIssuer({ keyFile: signingKey, claimNames, nodeEnv });

  // Listens first, because with PORT=0 the address is known only then; requests wait until everything stands.
  const ready = Promise.withResolvers<RequestListener>();
  const server = createServer(async (request, response) => (await ready.promise)(request, response));
  const boundUrl = await listen(server, config);
  try {
    const url = config.PUBLIC_BASE_URL || boundUrl;
    const local = await openLocalDependencies({ config, baseUrl: url, log, clock });
    const { dependencies, storage, secret, uploads, maintenance } = local;
    const maintain = createMaintenanceHandler(dependencies);
    const recovered = await recover(local);
    if (recovered.redriven > 0) log.info('taken up again', recovered);
    uploads.consume(createProcessUploadHandler(dependencies));
    maintenance.consume(maintain);
    const timer = startSweeping(local, maintain, log);
    ready.resolve(
      createLocalServer({
        publicApi: createPublicApiHandler(dependencies),
        api: createApiHandler(dependencies),
        transfers: createTransferRoutes({ storage, secret, now: clock, log }),
        issuer,
        log,
      }),
    );
    return {
      url,
      async stop() {
        clearInterval(timer);
        await closeServer(server);
        await Promise.all([uploads.stop(), maintenance.stop()]);
        local.close();
      },
    };
  } catch (error) {
    server.close();
    throw error;
  }
}

/** The schedule of the maintenance function, and what DynamoDB's TTL does on AWS. */
function startSweeping({ metadata, dependencies }: LocalDependencies, maintain: MaintenanceHandler, log: Log) {
  return setInterval(async () => {
    try {
      await maintain({ 'detail-type': 'Scheduled Event' }, { awsRequestId: dependencies.newId() } as Context);
      metadata.removeExpired({ now: dependencies.clock() });
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
  // An address that means "every interface" is no address a client could use.
  const host = HOST === '0.0.0.0' || HOST === '::' ? 'localhost' : HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const impatience = setTimeout(() => server.closeAllConnections(), GRACE_MILLISECONDS);
  await closed;
  clearTimeout(impatience);
}
