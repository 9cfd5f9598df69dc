import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import createUpload from '../../events/http-create-avatar-upload.json' with { type: 'json' };
import { type HttpHandler, httpPipeline, queuePipeline, type RetryRequest } from '../../functions/middleware.ts';
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
  ])('parses the body of an operation that accepts JSON, sent as "%s"', async (contentType) => {
    expect(await answerTo(contentType, '{"a":1}')).toEqual({ statusCode: 200, json: { a: 1 } });
    const encoded = Buffer.from('{"a":1}').toString('base64');
    expect(await answerTo(contentType, encoded, true)).toEqual({ statusCode: 200, json: { a: 1 } });
  });

  it('accepts null as a JSON document, which the contract then refuses', async () => {
    expect(await answerTo('application/json', 'null')).toEqual({ statusCode: 200, json: null });
  });

  it.each(['image/png', 'application/json-seq', ''])('passes on bytes sent as "%s"', async (contentType) => {
    expect(await answerTo(contentType, 'abc')).toEqual({ statusCode: 200, bytes: true });
  });

  it.each(['', '{', '{"a":', '\u0000'])('responds to the broken document %j with malformed_json', async (body) => {
    expect(await answerTo('application/json', body)).toMatchObject({
      statusCode: 400,
      status: 400,
      code: 'malformed_json',
    });
  });

  it('does not reveal the message of an internal error, and logs it', async () => {
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
  interface Line {
    readonly level: string;
    readonly message: string;
  }

  /** Handles one message of each body, and tells which failed, which visibility changed, and what was logged. */
  async function handle(work: (body: string) => Promise<RetryRequest | undefined>, change = async () => {}) {
    const lines: Line[] = [];
    const note = (level: string) => (message: string) => void lines.push({ level, message });
    const changed: unknown[] = [];
    const handler = queuePipeline({
      log: { info: note('info'), warn: note('warn'), error: note('error') },
      visibility: { change: (delivery) => change().then(() => void changed.push(delivery)) },
      work: ({ body }) => work(body),
    });
    const Records = ['first', 'second', 'third'].map((body) => ({ messageId: body, receiptHandle: `r-${body}`, body }));
    const { batchItemFailures } = await handler({ Records } as Parameters<typeof handler>[0], CONTEXT);
    return { failed: batchItemFailures.map(({ itemIdentifier }) => itemIdentifier), changed, lines };
  }

  const onSecond = (second: () => RetryRequest | undefined) => async (body: string) =>
    body === 'second' ? second() : undefined;

  it('has only the messages whose work failed delivered again', async () => {
    const { failed, changed, lines } = await handle(
      onSecond(() => {
        throw new Error('it failed');
      }),
    );
    expect(failed).toEqual(['second']);
    expect(changed).toEqual([]);
    expect(lines).toEqual([{ level: 'error', message: 'a message failed; it will be delivered again' }]);
  });

  it('has a message delivered again when its work asks for it, in whole seconds', async () => {
    const { failed, changed, lines } = await handle(onSecond(() => ({ retryInSeconds: 19.2 })));
    expect(failed).toEqual(['second']);
    expect(changed).toEqual([{ receiptHandle: 'r-second', seconds: 20 }]);
    expect(lines).toEqual([]);
  });

  it('has it delivered again after the visibility timeout when that cannot be changed', async () => {
    const { failed, lines } = await handle(
      onSecond(() => ({ retryInSeconds: 5 })),
      async () => {
        throw new DependencyUnavailableError('no queue');
      },
    );
    expect(failed).toEqual(['second']);
    expect(lines).toEqual([
      { level: 'warn', message: 'a message is retried only after the visibility timeout: changing it failed' },
    ]);
  });
});
