import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { problemOf } from '../../shared/api/problems.ts';
import { type RouteEntry, routesAt } from '../../shared/api/routes.ts';
import type { Log } from '../../shared/dependencies.ts';
import { RequestRefusedError } from '../../shared/errors.ts';
import { type HttpEvent, httpResultOf } from '../events.ts';
import type { HttpHandler } from '../middleware.ts';
import { allowCrossOrigin, answerPreflight } from './cross-origin.ts';
import type { DevIssuer } from './dev-issuer.ts';
import { discardBody, readBody } from './request-body.ts';
import type { TransferRoutes } from './transfer-routes.ts';

/** Lambda's limit for a request, about 6 MB after base64. */
const MAX_BODY_BYTES = 4.5 * 1024 * 1024;

export interface LocalServerOptions {
  readonly publicApi: HttpHandler;
  readonly api: HttpHandler;
  /** Absent where clients send their bytes to S3. */
  readonly transfers: TransferRoutes | undefined;
  readonly issuer: DevIssuer;
  readonly log: Log;
}

/**
 * What stands before the functions on AWS, for one process: S3's endpoint (the transfer routes), then the HTTP API with
 * its JWT authorizer, its routes and its `$default`.
 */
export function createLocalServer(options: LocalServerOptions) {
  const { transfers, issuer, log } = options;
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      if (await transfers?.(request, response)) return;
      if (answerPreflight(request, response)) return;
      allowCrossOrigin(response);
      const asksForKeys = request.method === 'GET' && request.url === '/.well-known/jwks.json';
      const result = asksForKeys ? httpResultOf({ status: 200, body: issuer.keySet }) : await answer(options, request);
      await send(request, response, result);
    } catch (error) {
      if (request.destroyed && !request.complete) return; // the client is gone
      log.error('the server failed', { error });
      await send(request, response, refusal(error, randomUUID()));
    }
  };
}

async function answer(
  { publicApi, api, issuer }: LocalServerOptions,
  request: IncomingMessage,
): Promise<APIGatewayProxyStructuredResultV2> {
  const { method = 'GET', url = '/' } = request;
  const [rawPath = '/', rawQueryString = ''] = url.split(/\?(.*)/s);
  const requestId = randomUUID();
  const context = { awsRequestId: requestId } as Context;
  const match = routesAt(rawPath).find(({ entry }) => entry.operation.method === method);
  const needsToken = match?.entry.operation.group === 'api';
  const claims = needsToken ? await issuer.verify(bearerToken(request)) : undefined;
  if (needsToken && !claims)
    return refusal(new RequestRefusedError('unauthorized', 'a valid token is needed'), requestId);
  const body = match && (await readBody(request, MAX_BODY_BYTES));
  if (match && !body) return refusal(tooLarge(), requestId);

  const event: HttpEvent = {
    routeKey: match?.entry.routeKey ?? '$default',
    rawPath,
    rawQueryString,
    headers: headersOf(request),
    ...(match && { pathParameters: match.pathParameters }),
    ...bodyFields(body, match?.entry),
    requestContext: {
      requestId,
      http: { method },
      ...(claims && { authorizer: { jwt: { claims: flattenLists(claims) } } }),
    },
  };
  return needsToken ? api(event, context) : publicApi(event, context);
}

function bearerToken({ headers }: IncomingMessage): string {
  return /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const entries = Object.entries(headers).filter((entry) => entry[1] !== undefined);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : `${value}`]),
  );
}

/** As the authorizer of an HTTP API hands claims over: an array becomes "[a b]". */
function flattenLists(claims: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(claims);
  return Object.fromEntries(entries.map(([name, value]) => [name, Array.isArray(value) ? flat(value) : value]));
}

/** Without names that the form cannot hold: a part of "org admin" must not become "admin" here. */
function flat(values: readonly unknown[]): string {
  return `[${values.filter((value) => !/\s/.test(String(value))).join(' ')}]`;
}

/** API Gateway hands text over as it is and everything else in base64. */
function bodyFields(body: Buffer | undefined, entry: RouteEntry | undefined) {
  if (!body || body.length === 0 || !entry?.operation.body) return { isBase64Encoded: false };
  return { body: body.toString('base64'), isBase64Encoded: true };
}

function tooLarge(): RequestRefusedError {
  return new RequestRefusedError('file_too_large', 'the request is too large', {
    field: 'body',
    accepted: `at most ${MAX_BODY_BYTES} bytes; ask for an upload ticket to send a larger file`,
  });
}

function refusal(error: unknown, requestId: string): APIGatewayProxyStructuredResultV2 {
  const { document, headers } = problemOf(error, requestId);
  return httpResultOf({ status: document.status, headers, body: document });
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { statusCode = 200, headers, body = '' }: APIGatewayProxyStructuredResultV2,
): Promise<void> {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const length = statusCode === 204 ? {} : { 'content-length': Buffer.byteLength(body) };
  const connection = request.complete ? {} : { connection: 'close' };
  response.writeHead(statusCode, { ...length, ...connection, ...(headers as Record<string, string>) });
  if (body !== '') response.write(body);
  await discardBody(request);
  response.end();
}
