import type * as z from 'zod/mini';
import { type ClaimNames, type Principal, principalOf } from '../access/principal.ts';
import { RequestRefusedError } from '../errors.ts';
import type { OPERATIONS, Operation, OperationGroup, OperationsOf } from './operations.ts';
import { routeOf, routesAt } from './routes.ts';
import { IdempotencyKey, Revision } from './schemas.ts';
import { readInput } from './validation.ts';

/** A request as the contract sees it; functions/events.ts makes it from an API Gateway event. */
export interface ApiRequest {
  /** `POST /api/v1/users/{id}/avatar`, or `$default` for a request that no route fits. */
  readonly routeKey: string;
  readonly method: string;
  readonly rawPath: string;
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed if the client sent JSON, else the bytes; absent without a body. */
  readonly body?: { readonly json: unknown } | { readonly bytes: Uint8Array };
  /** Of a verified token. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

export interface ApiReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
}

type Infer<S> = S extends z.ZodMiniType ? z.infer<S> : undefined;
type Answers<O extends Operation> = {
  [Status in keyof O['answers']]: {
    readonly status: Status;
    readonly headers?: Readonly<Record<string, string>>;
  } & (O['answers'][Status] extends z.ZodMiniType
    ? { readonly body: z.infer<O['answers'][Status]> }
    : { readonly body?: unknown });
}[keyof O['answers']];

/** A body that was sent as bytes where the operation takes them besides JSON. */
export interface SentBytes {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** What a handler gets: every part checked by the contract's schemas. */
export interface OperationInput<O extends Operation> {
  readonly params: Infer<O['params']>;
  readonly query: Infer<O['query']>;
  readonly body: O extends { bodyTypes: unknown } ? Infer<O['body']> | SentBytes : Infer<O['body']>;
  readonly principal: O['group'] extends 'api' ? Principal : undefined;
  readonly idempotencyKey: string | undefined;
  /** The revision that must stand there (RFC 9110, 13.1.1); undefined: any. */
  readonly ifMatch: number | undefined;
}

/** One handler for each operation of a function; a missing one does not compile. */
export type Handlers<G extends OperationGroup> = {
  readonly [Id in OperationsOf<G>]: (
    input: OperationInput<(typeof OPERATIONS)[Id]>,
  ) => Promise<Answers<(typeof OPERATIONS)[Id]>>;
};

/** Tells sent bytes from a JSON body. */
export function isSentBytes(body: object): body is SentBytes {
  return 'bytes' in body && body.bytes instanceof Uint8Array;
}

/**
 * Finds the operation of a request, checks every part of it and calls its handler.
 * @throws RequestRefusedError, and whatever the handler throws.
 */
export function createDispatcher<G extends OperationGroup>({
  group,
  handlers,
  claimNames,
}: {
  readonly group: G;
  readonly handlers: Handlers<G>;
  readonly claimNames: ClaimNames;
}): (request: ApiRequest) => Promise<ApiReply> {
  const byId = handlers as unknown as Record<string, (input: unknown) => Promise<ApiReply>>;
  return async (request) => {
    const entry = routeOf(request.routeKey);
    const handler = entry?.operation.group === group ? byId[entry.operationId] : undefined;
    if (!entry || !handler) throw unknownRoute(request);
    const { operation, route } = entry;
    return handler({
      principal: group === 'api' ? principalOf(request.claims, claimNames) : undefined,
      params: operation.params && readInput(operation.params, { ...request.pathParameters, ...route.fixed }, 'path'),
      query: operation.query && readInput(operation.query, request.query, 'query'),
      idempotencyKey: operation.idempotent && idempotencyKeyOf(request.headers),
      ifMatch: operation.conditional && revisionOf(request.headers),
      body: operation.body && bodyOf(request, operation, operation.body),
    });
  };
}

function idempotencyKeyOf(headers: ApiRequest['headers']): string | undefined {
  const key = headers['idempotency-key'];
  return key === undefined ? undefined : readInput(IdempotencyKey, key, 'Idempotency-Key');
}

/** An ETag of ours is a revision; `*` is any. */
function revisionOf(headers: ApiRequest['headers']): number | undefined {
  const condition = headers['if-match'];
  return condition === undefined ? undefined : readInput(Revision, condition, 'If-Match');
}

function bodyOf({ body, headers }: ApiRequest, operation: Operation, schema: z.ZodMiniType): unknown {
  if (body && 'json' in body) return readInput(schema, body.json, 'body');
  const contentType = headers['content-type'] ?? '';
  const accepted = ['application/json', ...(operation.bodyTypes ?? [])];
  if (!body || !operation.bodyTypes?.some((pattern) => fitsType(contentType, pattern))) {
    throw new RequestRefusedError('unsupported_media_type', `Content-Type "${contentType}" is not accepted here`, {
      field: 'Content-Type',
      accepted: accepted.join(', '),
    });
  }
  return { contentType, bytes: body.bytes } satisfies SentBytes;
}

/** Whether a Content-Type, its parameters aside, is `pattern` or below its `image/*`. */
function fitsType(contentType: string, pattern: string): boolean {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  return pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}

/** RFC 9110, 15.5.6: a known path with another method is 405 and says what it allows; any other path is 404. */
function unknownRoute({ method, rawPath }: ApiRequest): RequestRefusedError {
  const allow = [...new Set(routesAt(rawPath).map(({ entry }) => entry.operation.method))];
  if (allow.length === 0) return new RequestRefusedError('not_found', 'nothing here');
  return new RequestRefusedError('method_not_allowed', `${method} is not known here`, {
    allow,
    accepted: allow.join(', '),
  });
}
