import type { APIGatewayProxyStructuredResultV2, S3Event, SQSRecord } from 'aws-lambda';
import type { ApiReply, ApiRequest } from '../shared/api/dispatch.ts';
import type { PurgeMessage, SweepMessage } from '../shared/dependencies.ts';
import { RequestRefusedError } from '../shared/errors.ts';
import { MOST_SHARDS } from '../shared/metadata/record-store.ts';
import { ENTITY_TYPES, isSafeId, uploadIdOfKey } from '../shared/storage/object-keys.ts';

/** The fields of an API Gateway HTTP API event (payload format 2.0) that the service reads. */
export interface HttpEvent {
  readonly routeKey: string;
  readonly rawPath: string;
  readonly rawQueryString?: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly pathParameters?: Readonly<Record<string, string | undefined>>;
  /** The string that was received; any JSON value after the body parser ran. */
  body?: unknown;
  readonly isBase64Encoded: boolean;
  readonly requestContext: {
    readonly requestId: string;
    readonly http: { readonly method: string };
    readonly authorizer?: { readonly jwt?: { readonly claims: Readonly<Record<string, unknown>> } };
  };
}

const JSON_TYPE = /^application\/([\w.-]+\+)?json\s*(;|$)/i;

/** Whether the client declares the body as JSON (RFC 9110, 8.3.1; parameters do not matter). */
export function sendsJson({ headers }: Pick<HttpEvent, 'headers'>): boolean {
  return JSON_TYPE.test(headers['content-type'] ?? headers['Content-Type'] ?? '');
}

export function apiRequestOf(event: HttpEvent): ApiRequest {
  const headers = definedOnly(event.headers, (name) => name.toLowerCase());
  const claims = event.requestContext.authorizer?.jwt?.claims;
  const body = bodyOf(event);
  return {
    routeKey: event.routeKey,
    method: event.requestContext.http.method,
    rawPath: event.rawPath,
    pathParameters: definedOnly(event.pathParameters ?? {}),
    query: queryOf(event.rawQueryString ?? ''),
    headers,
    ...(body && { body }),
    ...(claims && { claims }),
  };
}

/** Not queryStringParameters: API Gateway joins the values of a repeated name with a comma there. */
function queryOf(rawQueryString: string): Record<string, string> {
  const pairs = [...new URLSearchParams(rawQueryString)];
  const query = Object.fromEntries(pairs);
  const repeated = pairs.find(([name, value]) => query[name] !== value);
  if (!repeated) return query;
  const [field] = repeated;
  throw new RequestRefusedError('invalid_request', `"${field}" is given more than once`, {
    field,
    accepted: 'one value',
  });
}

function bodyOf(event: HttpEvent): ApiRequest['body'] {
  const { body, isBase64Encoded } = event;
  if (sendsJson(event)) return body === undefined ? undefined : { json: body };
  return { bytes: Buffer.from(String(body ?? ''), isBase64Encoded ? 'base64' : 'utf8') };
}

function definedOnly(values: Readonly<Record<string, string | undefined>>, rename = (name: string) => name) {
  const entries = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [rename(name), value]));
}

export function httpResultOf({ status, headers, body }: ApiReply): APIGatewayProxyStructuredResultV2 {
  const common = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' };
  if (body === undefined) return { statusCode: status, headers: { ...common, ...headers } };
  return {
    statusCode: status,
    headers: { 'content-type': 'application/json', ...common, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

/** What a message of the uploads queue asks for; `ignored` is the reason why it asks for nothing. */
export type UploadMessage = { readonly uploadId: string } | { readonly ignored: string };

/**
 * Reads a message of the uploads queue: an event of S3 about new objects, or `{"uploadId"}` from this service.
 * @throws SyntaxError or TypeError for anything else, so that it ends in the dead-letter queue.
 */
export function uploadMessagesOf(
  record: Pick<SQSRecord, 'body'>,
  bucket: { readonly name: string; readonly keyPrefix: string },
): UploadMessage[] {
  const message: unknown = JSON.parse(record.body);
  if (isRecord(message)) {
    if (typeof message.uploadId === 'string') return [{ uploadId: message.uploadId }];
    // S3 sends it once, when the notification is configured. It has no Records.
    if (message.Event === 's3:TestEvent') return [{ ignored: 's3:TestEvent' }];
    if (Array.isArray(message.Records)) {
      return (message as unknown as S3Event).Records.map((object) => objectMessageOf(object, bucket));
    }
  }
  throw new TypeError('a message that is neither an S3 event nor {"uploadId"}');
}

function objectMessageOf(
  { eventName, s3 }: S3Event['Records'][number],
  bucket: { readonly name: string; readonly keyPrefix: string },
): UploadMessage {
  if (!eventName.startsWith('ObjectCreated:')) return { ignored: `event ${eventName}` };
  if (s3.bucket.name !== bucket.name) return { ignored: `bucket ${s3.bucket.name}` };
  // Keys are form-encoded: a space is a plus (S3 user guide, "Event message structure").
  const key = decodeURIComponent(s3.object.key.replaceAll('+', ' '));
  const uploadId = key.startsWith(bucket.keyPrefix) ? uploadIdOfKey(key.slice(bucket.keyPrefix.length)) : undefined;
  return uploadId === undefined ? { ignored: `key ${key}` } : { uploadId };
}

/** What a message of the maintenance queue asks for. */
export type MaintenanceMessage = { readonly purge: PurgeMessage } | { readonly sweep: SweepMessage };

/** The body of a message that asks for a purge. */
export function purgeMessage(purge: PurgeMessage): string {
  if ('attachment' in purge) return JSON.stringify({ purge: { attachment: purge.attachment } });
  const { entityType, entityId } = purge.avatar;
  return JSON.stringify({ purge: { entityType, entityId } });
}

/** The body of a message that asks for the sweep of one shard. */
export function sweepMessage({ shard }: SweepMessage): string {
  return JSON.stringify({ sweep: { shard } });
}

/** @throws SyntaxError or TypeError for anything that `purgeMessage` and `sweepMessage` do not write. */
export function maintenanceMessageOf({ body }: Pick<SQSRecord, 'body'>): MaintenanceMessage {
  const message: unknown = JSON.parse(body);
  const { purge, sweep } = isRecord(message) ? message : {};
  const read = isRecord(purge) ? purgeOf(purge) : isRecord(sweep) ? sweepOf(sweep) : undefined;
  if (!read) throw new TypeError('a message that is neither {"purge": {…}} nor {"sweep": {"shard"}}');
  return read;
}

function purgeOf({ attachment, ...purge }: Record<string, unknown>): MaintenanceMessage | undefined {
  if (typeof attachment === 'string' && isSafeId(attachment)) return { purge: { attachment } };
  const entityType = ENTITY_TYPES.find((type) => type === purge.entityType);
  const { entityId } = purge;
  if (!entityType || typeof entityId !== 'string' || !isSafeId(entityId)) return undefined;
  return { purge: { avatar: { entityType, entityId } } };
}

function sweepOf({ shard }: Record<string, unknown>): MaintenanceMessage | undefined {
  const isShard = typeof shard === 'number' && Number.isInteger(shard) && shard >= 0 && shard < MOST_SHARDS;
  return isShard ? { sweep: { shard } } : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
