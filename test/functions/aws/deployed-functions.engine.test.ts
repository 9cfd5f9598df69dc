import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import createUpload from '../../../events/http-create-avatar-upload.json' with { type: 'json' };
import schedule from '../../../events/maintenance-schedule.json' with { type: 'json' };
import objectCreated from '../../../events/uploads-queue-object-created.json' with { type: 'json' };
import s3Test from '../../../events/uploads-queue-s3-test.json' with { type: 'json' };
import { objectCreatedEvent } from '../../../functions/local/s3-event.ts';
import { FUNCTION_NAMES, type FunctionName } from '../../../lib/function-bundle.ts';
import { type OpenedTable, openTable } from '../../metadata/dynamodb/open-table.ts';
import { bundleForThisMachine } from './bundle-files.ts';
import { wasEvaluated } from './evaluated-code.ts';
import { type RunningFunction, startFunction } from './lambda-runtime.ts';

const PHOTO = new URL('../../fixtures/photo.jpg', import.meta.url);
const KEY_PREFIX = `functions-${Date.now()}`;

type Functions = Record<FunctionName, RunningFunction>;

describe('the four functions, bundled as they are deployed, over real engines', () => {
  let folder: string;
  let table: OpenedTable;
  let functions: Functions;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'functions-'));
    table = await openTable();
    const environment = environmentOf(table.tableName);
    const started = FUNCTION_NAMES.map(async (name) => {
      return [name, await startFunction(await bundleForThisMachine(name, join(folder, name)), environment)] as const;
    });
    functions = Object.fromEntries(await Promise.all(started)) as Functions;
  }, 60_000);
  afterAll(async () => {
    await Promise.all(Object.values(functions).map((one) => one.stop()));
    await table.close();
    await rm(folder, { recursive: true });
  });

  it('take a photo from ticket to thumbnails and away again', async () => {
    const photo = await readFile(PHOTO);
    const wish = { contentType: 'image/jpeg', contentLength: photo.length };
    const ticket = await api('POST', '/users/{id}/avatar', wish);
    expect(ticket.status).toBe(201);
    const { uploadId, key, url, headers } = ticket.body;
    expect(await put(url, headers, photo)).toBe(200);
    expect(await put(url, headers, photo)).toBe(412);

    expect(await deliver(key)).toEqual({ batchItemFailures: [] });
    expect((await api('GET', '/uploads/{uploadId}', undefined, { uploadId })).body).toMatchObject({ status: 'ready' });
    const info = (await api('GET', '/users/{id}/avatar/info')).body;
    expect(info).toMatchObject({ hasCustomAvatar: true, sizes: { small: { width: 32 }, large: { width: 300 } } });

    const image = await publicApi('size=large&format=jpg');
    expect(image.statusCode).toBe(302);
    const shown = await fetch(String(image.headers?.location));
    expect(await sharp(Buffer.from(await shown.arrayBuffer())).metadata()).toMatchObject({
      format: 'jpeg',
      width: 300,
    });

    // No queue answers here: the message is lost, and the schedule finds what it was about.
    expect((await api('DELETE', '/users/{id}/avatar')).status).toBe(204);
    expect((await publicApi('fallback=404')).statusCode).toBe(404);
    expect(await functions.maintenance.invoke(schedule)).toMatchObject({ purged: 1, failed: 0 });
    expect((await fetch(String(image.headers?.location))).status).toBe(404);
  });

  it('take a picture by a form as well', async () => {
    const photo = await readFile(PHOTO);
    const wish = { contentType: 'image/jpeg', contentLength: photo.length, method: 'POST' };
    const { url, fields, key } = (await api('POST', '/users/{id}/avatar', wish)).body;
    const form = new FormData();
    for (const [name, value] of Object.entries(fields as Record<string, string>)) form.append(name, value);
    form.append('file', new Blob([photo]));
    expect((await fetch(url, { method: 'POST', body: form })).status).toBe(204);
    await deliver(key);
    expect((await api('GET', '/users/{id}/avatar/info')).body).toMatchObject({ hasCustomAvatar: true });
  });

  it('answer the sample events', async () => {
    expect(await functions['process-upload'].invoke(s3Test)).toEqual({ batchItemFailures: [] });
    expect(await functions['process-upload'].invoke(objectCreated)).toEqual({ batchItemFailures: [] });
    expect(await functions.api.invoke(createUpload)).toMatchObject({ statusCode: 201 });
  });

  it('say that they are ready, by the engines themselves', async () => {
    const ready = await functions['public-api'].invoke(http('GET', '/health/ready'));
    expect(ready).toMatchObject({ statusCode: 200, body: '{"status":"ready"}' });
  });

  it('answer tickets, info and state without ever evaluating the S3 client', async () => {
    const coverage = join(folder, 'coverage');
    const file = join(folder, 'api/index.mjs');
    const usual = functions.api;
    functions.api = await startFunction(file, { ...environmentOf(table.tableName), NODE_V8_COVERAGE: coverage });
    const { uploadId } = (await api('POST', '/users/{id}/avatar', { contentType: 'image/png', contentLength: 1 })).body;
    expect((await api('GET', '/users/{id}/avatar/info')).status).toBe(200);
    expect((await api('GET', '/uploads/{uploadId}', undefined, { uploadId })).status).toBe(200);
    await functions.api.stop();
    functions.api = usual;
    expect(await wasEvaluated(file, '"ListObjectsV2"', coverage)).toBe(false);
    expect(await wasEvaluated(file, '"TransactWriteItems"', coverage)).toBe(true);
  });

  async function api(
    method: string,
    route: string,
    body?: object,
    pathParameters: Record<string, string> = { id: 'ada' },
  ) {
    const event = { ...http(method, route), pathParameters };
    const authorizer = { jwt: { claims: { sub: 'ada', organization: 'acme', roles: '[]' } } };
    const answer = (await functions.api.invoke({
      ...event,
      requestContext: { ...event.requestContext, authorizer },
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })) as APIGatewayProxyStructuredResultV2;
    return { status: answer.statusCode, body: answer.body ? JSON.parse(answer.body) : undefined };
  }

  async function publicApi(rawQueryString: string): Promise<APIGatewayProxyStructuredResultV2> {
    const event = { ...http('GET', '/users/{id}/avatar'), pathParameters: { id: 'ada' }, rawQueryString };
    return (await functions['public-api'].invoke(event)) as APIGatewayProxyStructuredResultV2;
  }

  /** As S3 and SQS would: the whole key, in the bucket's event, in a batch of one. */
  function deliver(key: string): Promise<unknown> {
    const object = {
      bucket: inject('s3Engine').bucket,
      key: `${KEY_PREFIX}/${key}`,
      size: 1,
      eTag: 'e',
      at: new Date(),
    };
    const body = JSON.stringify(objectCreatedEvent(object));
    return functions['process-upload'].invoke({ Records: [{ messageId: 'm', body }] });
  }
});

function environmentOf(tableName: string): Record<string, string> {
  const s3 = inject('s3Engine');
  return {
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: inject('dynamoDbEngine').endpoint,
    AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9',
    STORAGE_BACKEND: 's3',
    S3_BUCKET_NAME: s3.bucket,
    S3_BUCKET_PATH: KEY_PREFIX,
    METADATA_TABLE_NAME: tableName,
    UPLOAD_QUEUE_URL: 'http://127.0.0.1:9/uploads',
    MAINTENANCE_QUEUE_URL: 'http://127.0.0.1:9/maintenance',
    LINK_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:links-1a2b3c',
    PUBLIC_BASE_URL: 'https://files.example.com',
  };
}

function http(method: string, route: string) {
  return {
    routeKey: `${method} /api/v1${route}`,
    rawPath: `/api/v1${route}`,
    headers: {},
    requestContext: { requestId: 'r', http: { method } },
    isBase64Encoded: false,
  };
}

async function put(url: string, headers: Record<string, string>, body: Buffer): Promise<number> {
  return (await fetch(url, { method: 'PUT', headers, body: new Uint8Array(body) })).status;
}
