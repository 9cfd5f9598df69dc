import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import createUpload from '../../events/http-create-avatar-upload.json' with { type: 'json' };
import { type HttpHandler, httpPipeline, queuePipeline } from '../../functions/middleware.ts';
import type { ApiRequest } from '../../shared/api/dispatch.ts';
import { DependencyUnavailableError } from '../../shared/errors.ts';

const CONTEXT = {} as Context;

/** A pipeline around `dispatch`, with the lines it logs. */
function pipeline(dispatch: (request: ApiRequest) => Promise<never>): { handler: HttpHandler; lines: string[] } {
  const lines: string[] = [];
  const note = (level: string) => (message: string) => lines.push(`${level}: ${message}`);
  const log = { info: note('info'), warn: note('warn'), error: note('error') };
  return { handler: httpPipeline(log, dispatch), lines };
}

describe('the pipeline of an HTTP function', () => {
  const echo = httpPipeline({ info: () => {}, warn: () => {}, error: () => {} }, async ({ body }) => ({
    status: 200,
    body: body && 'json' in body ? { json: body.json } : { bytes: true },
  }));

  async function answerTo(contentType: string, body: string, isBase64Encoded = false) {
    const event = { ...createUpload, headers: { 'content-type': contentType }, body, isBase64Encoded };
    const { statusCode, body: answer } = await echo(event, CONTEXT);
    return { statusCode, ...JSON.parse(answer ?? '{}') };
  }

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json ;charset=utf-8',
    'Application/LD+JSON',
  ])('parses the body of an operation that takes JSON, sent as "%s"', async (contentType) => {
    expect(await answerTo(contentType, '{"a":1}')).toEqual({ statusCode: 200, json: { a: 1 } });
    const encoded = Buffer.from('{"a":1}').toString('base64');
    expect(await answerTo(contentType, encoded, true)).toEqual({ statusCode: 200, json: { a: 1 } });
  });

  it('takes null for a JSON document, which the contract then refuses', async () => {
    expect(await answerTo('application/json', 'null')).toEqual({ statusCode: 200, json: null });
  });

  it.each(['image/png', 'application/json-seq', ''])('hands over bytes sent as "%s"', async (contentType) => {
    expect(await answerTo(contentType, 'abc')).toEqual({ statusCode: 200, bytes: true });
  });

  it.each(['', '{', '{"a":', '\u0000'])('answers the broken document %j with malformed_json', async (body) => {
    expect(await answerTo('application/json', body)).toMatchObject({
      statusCode: 400,
      status: 400,
      code: 'malformed_json',
    });
  });

  it('answers what went wrong inside without its words, and logs it', async () => {
    const { handler, lines } = pipeline(async () => {
      throw new DependencyUnavailableError('table users-prod');
    });
    const { statusCode, headers, body } = await handler({ ...createUpload, headers: {} }, CONTEXT);
    expect([statusCode, headers?.['content-type']]).toEqual([503, 'application/problem+json']);
    expect(JSON.parse(body ?? '')).toMatchObject({ code: 'dependency_unavailable', requestId: 'sample-request' });
    expect(body).not.toContain('users-prod');
    expect(lines).toEqual(['error: request failed']);
  });
});

describe('the pipeline of a queue function', () => {
  it('has only the messages whose work failed delivered again', async () => {
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const handler = queuePipeline(log, async ({ body }) => {
      if (body === 'bad') throw new Error('it failed');
    });
    const record = (messageId: string, body: string) => ({ messageId, body });
    const event = { Records: [record('1', 'good'), record('2', 'bad'), record('3', 'good')] };
    const answer = await handler(event as Parameters<typeof handler>[0], CONTEXT);
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '2' }] });
  });
});
