import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import createUpload from '../../events/http-create-avatar-upload.json' with { type: 'json' };
import s3Test from '../../events/uploads-queue-s3-test.json' with { type: 'json' };
import { bundleForThisMachine } from '../functions/aws/bundle-files.ts';
import { startFunction } from '../functions/aws/lambda-runtime.ts';
import { printRatios } from './print-ratios.ts';

/*
 * What a function's code adds to a cold start: a fresh process of Node, from its start to its first answer, against a
 * handler that does nothing. The events are such that no other server is asked.
 */

const ENVIRONMENT = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'none',
  AWS_SECRET_ACCESS_KEY: 'none',
  STORAGE_BACKEND: 's3',
  S3_BUCKET_NAME: 'files',
  METADATA_TABLE_NAME: 'metadata',
  PUBLIC_BASE_URL: 'https://files.example.com',
  UPLOAD_QUEUE_URL: 'https://sqs.example.com/uploads',
  MAINTENANCE_QUEUE_URL: 'https://sqs.example.com/maintenance',
  LINK_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:links-1a2b3c',
};
const HEALTH = { ...createUpload, routeKey: 'GET /api/v1/health', rawPath: '/api/v1/health', body: undefined };
/** Everything up to the first call to the table: token, contract, schemas. */
const REFUSED = { ...createUpload, body: '{}' };
const FOREIGN_MESSAGE = { Records: [{ messageId: 'm', body: '{}' }] };

describe('a cold start', () => {
  let folder: string;
  const files: Record<string, string> = {};
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cold-'));
    for (const name of ['public-api', 'api', 'process-upload', 'maintenance'] as const) {
      files[name] = await bundleForThisMachine(name, join(folder, name));
    }
    await mkdir(join(folder, 'empty'));
    files.empty = join(folder, 'empty/index.mjs');
    await writeFile(files.empty, 'export const handler = async () => ({ statusCode: 204 });');
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function start(name: string, event: unknown): Promise<void> {
    const running = await startFunction(files[name] ?? '', ENVIRONMENT);
    try {
      await running.invoke(event);
    } finally {
      await running.stop();
    }
  }

  it('takes this much longer than that of an empty handler', { timeout: 120_000 }, async ({ bench }) => {
    const results = await bench.compare(
      bench('an empty handler', () => start('empty', {})),
      bench('public-api', () => start('public-api', HEALTH)),
      bench('api', () => start('api', REFUSED)),
      bench('process-upload', () => start('process-upload', s3Test)),
      bench('maintenance', () => start('maintenance', FOREIGN_MESSAGE)),
      { iterations: 15, time: 0, warmupIterations: 1, warmupTime: 0 },
    );
    printRatios(results, ['an empty handler', 'public-api', 'api', 'process-upload', 'maintenance']);
  });
});
