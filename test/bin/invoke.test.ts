import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import createUpload from '../../events/http-create-avatar-upload.json' with { type: 'json' };
import schedule from '../../events/maintenance-schedule.json' with { type: 'json' };
import { startLocalServer } from '../crash/local-server.ts';
import { type Ended, runScript } from './run-command.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invoke-'));
});
afterAll(() => rm(folder, { recursive: true }));

const uploads = () => join(folder, 'uploads');

function invoke(words: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return runScript('invoke', words, { HOME: folder, UPLOAD_DIRECTORY: uploads(), ...variables });
}

describe('an event', () => {
  it.each([
    ['http-get-avatar-image.json', { statusCode: 200, body: expect.stringMatching(/^<svg/) }],
    ['http-create-avatar-upload.json', { statusCode: 201 }],
    ['uploads-queue-redrive.json', { batchItemFailures: [] }],
    ['maintenance-queue-purge.json', { batchItemFailures: [] }],
    ['maintenance-schedule.json', { expired: 0, failed: 0 }],
  ])('%s is answered by its function over the folder', async (name, answer) => {
    const { code, stdout } = await invoke([`events/${name}`]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject(answer);
  });

  it('of S3 is about the bucket that the folder stands for', async () => {
    const { code, stderr } = await invoke(['events/uploads-queue-object-created.json']);
    expect(code).toBe(0);
    expect(JSON.parse(stderr)).toMatchObject({ message: 'upload processed', result: 'unknown' });
  });

  it('may be of your own, and finds what those before it left', async () => {
    const { stdout } = await invoke(['events/http-create-avatar-upload.json'], { PORT: '4321' });
    const { uploadId, url } = JSON.parse(JSON.parse(stdout).body);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:4321\//);
    const { body: _, ...event } = createUpload;
    const own = join(folder, 'own.json');
    const pathParameters = { uploadId };
    await writeFile(own, JSON.stringify({ ...event, routeKey: 'GET /api/v1/uploads/{uploadId}', pathParameters }));
    const answer = JSON.parse((await invoke([own])).stdout);
    expect(JSON.parse(answer.body)).toMatchObject({ uploadId, status: 'pending' });
  });

  it('waits for no server that owns the folder', async () => {
    const server = startLocalServer(uploads());
    await server.ready;
    const { code, stdout, stderr } = await invoke(['events/http-get-avatar-image.json']);
    await server.stop();
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^UPLOAD_DIRECTORY "[^\n]*" is in use by another process[^\n]*\n$/);
  });

  it.each([
    ['none.json', undefined, /accepts a file of JSON \(ENOENT/],
    ['broken.json', '{', /accepts a file of JSON \(/],
    ['unlike.json', '{}', /^error: the event is for none of the functions\n$/],
  ])('in %s is refused with a sentence', async (name, content, sentence) => {
    const file = join(folder, name);
    if (content !== undefined) await writeFile(file, content);
    const { code, stdout, stderr } = await invoke([file]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('a deployed function', () => {
  interface Answer {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body: unknown;
  }

  let lambda: Server;
  let answer: Answer;
  let called: { readonly path: string | undefined; readonly logs: unknown; readonly event: unknown } | undefined;
  let place: Record<string, string>;
  beforeEach(async () => {
    called = undefined;
    lambda = createServer(async (request, response) => {
      called = { path: request.url, logs: request.headers['x-amz-log-type'], event: await json(request) };
      response.writeHead(answer.status ?? 200, answer.headers).end(JSON.stringify(answer.body));
    });
    await new Promise<void>((resolve) => lambda.listen(0, '127.0.0.1', resolve));
    place = {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(lambda.address() as AddressInfo).port}`,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    };
  });
  afterEach(() => new Promise((resolve) => lambda.close(resolve)));

  const invokeSweep = (name: string, variables = place) =>
    invoke(['events/maintenance-schedule.json', '--function', name], {
      ...variables,
      UPLOAD_DIRECTORY: join(folder, 'untouched'),
    });

  it('is given the event as it stands, and its answer and the end of its log are shown', async () => {
    const log = 'START\n{"message":"swept"}\nEND\n';
    answer = { headers: { 'x-amz-log-result': Buffer.from(log).toString('base64') }, body: { expired: 3 } };
    const { code, stdout, stderr } = await invokeSweep('files-dev-MaintenanceFunction1A2B3C4D-x1y2');
    expect([code, stderr]).toEqual([0, log]);
    expect(JSON.parse(stdout)).toEqual({ expired: 3 });
    expect(called).toEqual({
      path: '/2015-03-31/functions/files-dev-MaintenanceFunction1A2B3C4D-x1y2/invocations',
      logs: 'Tail',
      event: schedule,
    });
    await expect(access(join(folder, 'untouched'))).rejects.toThrow('ENOENT');
  });

  it('may be named by its ARN', async () => {
    answer = { body: null };
    const arn = 'arn:aws:lambda:eu-central-1:123456789012:function:maintenance';
    expect(await invokeSweep(arn)).toEqual({ code: 0, stdout: 'null\n', stderr: '' });
    expect(decodeURIComponent(called?.path ?? '')).toContain(`/functions/${arn}/`);
  });

  it('that fails makes the command fail, with what it threw', async () => {
    const thrown = { errorType: 'TypeError', errorMessage: 'a defect', trace: [] };
    answer = { headers: { 'x-amz-function-error': 'Unhandled' }, body: thrown };
    const { code, stdout, stderr } = await invokeSweep('maintenance');
    expect([code, stderr]).toEqual([1, 'error: the function failed (Unhandled)\n']);
    expect(JSON.parse(stdout)).toEqual(thrown);
  });

  it('that is not there is named', async () => {
    const headers = { 'x-amzn-errortype': 'ResourceNotFoundException' };
    answer = { status: 404, headers, body: { Type: 'User', Message: 'Function not found: none' } };
    const { code, stdout, stderr } = await invokeSweep('none');
    const sentence = 'error: "none" was not called. ResourceNotFoundException: Function not found: none\n';
    expect([code, stdout, stderr]).toEqual([1, '', sentence]);
  });

  it('is not called without a region, and the command says so', async () => {
    const { AWS_REGION: _, ...nowhere } = place;
    const { code, stderr } = await invokeSweep('maintenance', nowhere);
    expect([code, called]).toEqual([1, undefined]);
    expect(stderr).toMatch(/^error: "maintenance" was not called\. [^\n]*Region is missing\n$/);
  });
});
