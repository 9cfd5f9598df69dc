import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createApiDependencies,
  createMaintenanceDependencies,
  createPublicApiDependencies,
  createWorkerDependencies,
} from '../../../functions/aws/dependencies.ts';
import { temporaryKey } from '../../../shared/storage/object-keys.ts';

const COMPLETE = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'none',
  AWS_SECRET_ACCESS_KEY: 'none',
  S3_BUCKET_NAME: 'files',
  METADATA_TABLE_NAME: 'metadata',
  PUBLIC_BASE_URL: 'https://files.example.com',
  UPLOAD_QUEUE_URL: 'https://sqs.example.com/uploads',
  MAINTENANCE_QUEUE_URL: 'https://sqs.example.com/maintenance',
  LINK_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:links-1a2b3c',
};
const refuse = () => Promise.reject(new Error('nothing is rendered here'));
const NO_RENDERER = { renderAvatar: refuse, prepareAttachment: refuse };
const CREATE = {
  'public-api': createPublicApiDependencies,
  api: createApiDependencies,
  'process-upload': (environment: typeof COMPLETE) => createWorkerDependencies(environment, NO_RENDERER),
  maintenance: createMaintenanceDependencies,
};

describe('a function on AWS', () => {
  it.each(Object.entries(CREATE))('%s is built from its environment', (_, create) => {
    expect(create(COMPLETE).settings.bucket).toEqual({ name: 'files', keyPrefix: '' });
  });

  it.each([
    ['public-api', 'PUBLIC_BASE_URL'],
    ['public-api', 'METADATA_TABLE_NAME'],
    ['public-api', 'LINK_SECRET_ARN'],
    ['api', 'LINK_SECRET_ARN'],
    ['api', 'UPLOAD_QUEUE_URL'],
    ['api', 'S3_BUCKET_NAME'],
    ['process-upload', 'METADATA_TABLE_NAME'],
    ['process-upload', 'UPLOAD_QUEUE_URL'],
    ['maintenance', 'MAINTENANCE_QUEUE_URL'],
  ] as const)('%s does not start without %s, and names it', (name, variable) => {
    const fault = expect.objectContaining({
      code: 'invalid_configuration',
      message: expect.stringContaining(variable),
    });
    expect(() => CREATE[name]({ ...COMPLETE, [variable]: '' })).toThrow(fault);
  });
});

describe('a server that does not respond', () => {
  const sockets = new Set<Socket>();
  let server: Server;
  let endpoint: string;
  beforeAll(async () => {
    server = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // The SDK reads these by itself.
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'none');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'none');
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', endpoint);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  beforeEach(() => sockets.clear());
  const unavailable = { code: 'dependency_unavailable', retryable: true };

  // The limits of the tests are those of the functions: 5 s for the public API, 29 s for the API.
  it('is reported within the time that the public API has, when it is DynamoDB', { timeout: 5000 }, async () => {
    const { metadata } = createPublicApiDependencies(COMPLETE);
    await expect(metadata.getSwitches()).rejects.toMatchObject(unavailable);
    expect(sockets.size).toBeGreaterThan(0);
  });

  it('is reported within the time that the API has, when it is S3', { timeout: 29_000 }, async () => {
    const { storage } = createApiDependencies({ ...COMPLETE, AWS_ENDPOINT_URL_S3: endpoint });
    await expect(storage.getFileInfo({ key: temporaryKey('u-1') })).rejects.toMatchObject(unavailable);
    expect(sockets.size).toBeGreaterThan(0);
  });
});
