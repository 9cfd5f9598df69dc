import middy from '@middy/core';
import httpJsonBodyParser from '@middy/http-json-body-parser';
import type {
  APIGatewayProxyStructuredResultV2,
  Context,
  SQSBatchItemFailure,
  SQSBatchResponse,
  SQSEvent,
  SQSRecord,
} from 'aws-lambda';
import type { ApiReply, ApiRequest } from '../shared/api/dispatch.ts';
import { problemOf } from '../shared/api/problems.ts';
import { routeOf } from '../shared/api/routes.ts';
import type { Log, MessageVisibility } from '../shared/dependencies.ts';
import { RequestRefusedError } from '../shared/errors.ts';
import { apiRequestOf, type HttpEvent, httpResultOf, sendsJson } from './events.ts';

export type HttpHandler = (event: HttpEvent, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;
export type QueueHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

type HttpMiddleware = middy.MiddlewareObj<HttpEvent, APIGatewayProxyStructuredResultV2>;

/** An HTTP function: event -> request -> reply -> result. Every error becomes a problem document. */
export function httpPipeline(log: Log, dispatch: (request: ApiRequest) => Promise<ApiReply>): HttpHandler {
  return middy<HttpEvent, APIGatewayProxyStructuredResultV2>()
    .use(problems(log))
    .use(jsonBody())
    .handler(async (event: HttpEvent) => httpResultOf(await dispatch(apiRequestOf(event)))) as unknown as HttpHandler;
}

/** Turns any error into RFC 9457 problem+json. Logs what it does not reveal to the client. */
function problems(log: Log): HttpMiddleware {
  return {
    onError: (request) => {
      const { requestId, http } = request.event.requestContext;
      const { document, headers } = problemOf(request.error, requestId);
      const fields = { requestId, method: http.method, path: request.event.rawPath, code: document.code };
      if (document.status >= 500) log.error('request failed', { ...fields, error: request.error });
      else log.info('request refused', { ...fields, status: document.status });
      request.response = httpResultOf({ status: document.status, headers, body: document });
    },
  };
}

/** Parses JSON where the operation accepts it. Other bodies are passed on as they are, for the dispatcher to judge. */
function jsonBody(): HttpMiddleware {
  const parser = httpJsonBodyParser({ disableContentTypeCheck: true });
  return {
    before: async (request) => {
      if (!routeOf(request.event.routeKey)?.operation.body || !sendsJson(request.event)) return;
      try {
        await parser.before?.(request as unknown as Parameters<NonNullable<typeof parser.before>>[0]);
      } catch (cause) {
        // The parser's own error would be a 422, which means that the document was read; it was not.
        const fault = new RequestRefusedError('malformed_json', 'the body is not a JSON document', {
          field: 'body',
          accepted: 'a JSON document in UTF-8',
        });
        fault.cause = cause;
        throw fault;
      }
    },
  };
}

/** How a message that is not to be acknowledged is delivered again. */
export interface RetryRequest {
  /** 0 to 43,200; fractions are rounded up. */
  readonly retryInSeconds: number;
}

/** The work of one message. Resolves with nothing to acknowledge it; only with `visibility` may it ask for a retry. */
export type QueueWork =
  | { readonly work: (record: SQSRecord, context: Context) => Promise<void>; readonly visibility?: undefined }
  | {
      readonly work: (record: SQSRecord, context: Context) => Promise<RetryRequest | undefined>;
      readonly visibility: MessageVisibility;
    };

type QueuePipeline = QueueWork & { readonly log: Log };

/**
 * A queue function with partial batch responses (Lambda developer guide, "Using Lambda with Amazon SQS",
 * ReportBatchItemFailures). A message whose work throws is delivered again after the visibility timeout of its queue.
 * One whose work asks for a retry is delivered again after the time that it asks for. The others are acknowledged.
 */
export function queuePipeline(pipeline: QueuePipeline): QueueHandler {
  return middy<SQSEvent, SQSBatchResponse>().handler(async ({ Records }: SQSEvent, context: Context) => {
    const batchItemFailures: SQSBatchItemFailure[] = [];
    for (const record of Records) {
      if (await isDone(pipeline, record, context)) continue;
      batchItemFailures.push({ itemIdentifier: record.messageId });
    }
    return { batchItemFailures };
  }) as unknown as QueueHandler;
}

async function isDone({ log, work, visibility }: QueuePipeline, record: SQSRecord, context: Context): Promise<boolean> {
  const { messageId, receiptHandle } = record;
  try {
    const retry = await work(record, context);
    if (!retry) return true;
    const seconds = Math.ceil(retry.retryInSeconds);
    await visibility?.change({ receiptHandle, seconds }).catch((error: unknown) => {
      log.warn('a message is retried only after the visibility timeout: changing it failed', { messageId, error });
    });
  } catch (error) {
    log.error('a message failed; it will be delivered again', { messageId, error });
  }
  return false;
}
