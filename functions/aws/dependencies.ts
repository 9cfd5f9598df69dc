import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkSecret } from '../../shared/access/link-secret.ts';
import { type Config, readConfig } from '../../shared/config.ts';
import type {
  ApiDependencies,
  MaintenanceDependencies,
  PublicApiDependencies,
  Renderer,
  WorkerDependencies,
} from '../../shared/dependencies.ts';
import { InvalidConfigurationError } from '../../shared/errors.ts';
import { cacheSwitches } from '../../shared/metadata/cached-switches.ts';
import { eicarScanner } from '../../shared/uploads/eicar-scanner.ts';
import { settingsOf } from '../settings.ts';
import {
  createDynamoDbClient,
  createObjectStorage,
  createStorage,
  createTableMetadata,
  createUrlSource,
} from './adapters.ts';
import { createCloudFrontEdgeCache } from './cloudfront-edge-cache.ts';
import { createLinkSecret } from './link-secret.ts';
import { createPowertoolsLog } from './powertools-log.ts';
import { createPowertoolsMetrics } from './powertools-metrics.ts';
import { createSqsQueues } from './sqs-queues.ts';
import { createSqsVisibility } from './sqs-visibility.ts';

/*
 * The dependencies of each function, built once for its container. A function calls one of these, and its bundle
 * contains only what that one names.
 */

type Environment = Readonly<Record<string, string | undefined>>;

export function createPublicApiDependencies(environment: Environment): PublicApiDependencies {
  const { config, client, ...common } = createCommon(environment, LINKS);
  return {
    ...common,
    storage: createUrlSource(config, client, common.clock),
    linkSecret: linkSecretOf(config, common),
  };
}

export function createApiDependencies(environment: Environment): ApiDependencies {
  const { config, client, ...common } = createCommon(environment, [...LINKS, ...QUEUES]);
  return {
    ...common,
    storage: createStorage(config, client, common.clock),
    queues: createQueues(config),
    switches: cacheSwitches(common.metadata, common.clock),
    linkSecret: linkSecretOf(config, common),
  };
}

/** The renderer is passed in: imported here, it would put the image decoder into every bundle. */
export function createWorkerDependencies(environment: Environment, renderer: Renderer): WorkerDependencies {
  const { config, client, ...common } = createCommon(environment, ['UPLOAD_QUEUE_URL']);
  return {
    ...common,
    storage: createObjectStorage(config, client, common.clock),
    visibility: createSqsVisibility({ region: config.AWS_REGION, queueUrl: config.UPLOAD_QUEUE_URL }),
    scanner: eicarScanner,
    renderer,
    metrics: createPowertoolsMetrics(),
  };
}

export function createMaintenanceDependencies(environment: Environment): MaintenanceDependencies {
  const { config, client, ...common } = createCommon(environment, QUEUES);
  return {
    ...common,
    storage: createStorage(config, client, common.clock),
    queues: createQueues(config),
    metrics: createPowertoolsMetrics(),
    edgeCache: createCloudFrontEdgeCache({
      region: config.AWS_REGION,
      distributionId: config.CLOUDFRONT_DISTRIBUTION_ID,
      keyPrefix: common.settings.bucket.keyPrefix,
      newId: common.newId,
    }),
  };
}

/** What signing links needs. */
const LINKS = ['PUBLIC_BASE_URL', 'LINK_SECRET_ARN'] as const;
const QUEUES = ['UPLOAD_QUEUE_URL', 'MAINTENANCE_QUEUE_URL'] as const;

/** @throws InvalidConfigurationError that names every variable that the function needs and that is not set. */
function createCommon(environment: Environment, needed: readonly (keyof Config)[]) {
  const config = readConfig({ STORAGE_BACKEND: 's3', ...environment });
  const missing = [...needed, 'METADATA_TABLE_NAME' as const].filter((name) => config[name] === '');
  if (missing.length > 0) throw new InvalidConfigurationError(`this function needs ${missing.join(', ')}`);
  const client = createDynamoDbClient(config);
  return {
    config,
    client,
    metadata: createTableMetadata(config, client),
    settings: settingsOf(config, { baseUrl: config.PUBLIC_BASE_URL, bucketName: config.S3_BUCKET_NAME }),
    log: createPowertoolsLog(),
    clock: () => new Date(),
    newId: randomUUID,
    sleep: (milliseconds: number) => sleep(milliseconds),
  };
}

function createQueues(config: Config) {
  return createSqsQueues({
    region: config.AWS_REGION,
    uploadQueueUrl: config.UPLOAD_QUEUE_URL,
    maintenanceQueueUrl: config.MAINTENANCE_QUEUE_URL,
  });
}

function linkSecretOf(config: Config, { clock, log }: Pick<ApiDependencies, 'clock' | 'log'>): LinkSecret {
  return createLinkSecret({ region: config.AWS_REGION, secretArn: config.LINK_SECRET_ARN, clock, log });
}
