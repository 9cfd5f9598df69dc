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
import type { Log } from '../shared/dependencies.ts';
import { RequestRefusedError } from '../shared/errors.ts';
import { apiRequestOf, type HttpEvent, httpResultOf, sendsJson } from './events.ts';

export type HttpHandler = (event: HttpEvent, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;
export type QueueHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

type HttpMiddleware = middy.MiddlewareObj<HttpEvent, APIGatewayProxyStructuredResultV2>;

/** An HTTP function: event -> request -> reply -> result, every error a problem document. */
export function httpPipeline(log: Log, dispatch: (request: ApiRequest) => Promise<ApiReply>): HttpHandler {
  return middy<HttpEvent, APIGatewayProxyStructuredResultV2>()
    .use(problems(log))
    .use(jsonBody())
    .handler(async (event: HttpEvent) => httpResultOf(await dispatch(apiRequestOf(event)))) as unknown as HttpHandler;
}

/** Turns whatever was thrown into RFC 9457 problem+json. What it hides from the client, it logs. */
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

/** Parses JSON where the operation takes it; other bodies pass as they are, the dispatch judges them. */
function jsonBody(): HttpMiddleware {
  const parser = httpJsonBodyParser({ disableContentTypeCheck: true });
  return {
    before: async (request) => {
      if (!routeOf(request.event.routeKey)?.operation.body || !sendsJson(request.event)) return;
      try {
        await parser.before?.(request as unknown as Parameters<NonNullable<typeof parser.before>>[0]);
      } catch (cause) {
        // Its own answer would be 422, which says that the document was read; it was not.
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

/**
 * A queue function with partial batch responses: a message whose work throws is delivered again, the others are not
 * (Lambda developer guide, "Using Lambda with Amazon SQS", ReportBatchItemFailures).
 */
export function queuePipeline(log: Log, work: (record: SQSRecord) => Promise<void>): QueueHandler {
  return middy<SQSEvent, SQSBatchResponse>().handler(async ({ Records }: SQSEvent) => {
    const batchItemFailures: SQSBatchItemFailure[] = [];
    for (const record of Records) {
      try {
        await work(record);
      } catch (error) {
        log.error('a message failed; it will be delivered again', { messageId: record.messageId, error });
        batchItemFailures.push({ itemIdentifier: record.messageId });
      }
    }
    return { batchItemFailures };
  }) as unknown as QueueHandler;
}
