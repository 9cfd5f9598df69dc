import { BASE_PATH, type Method } from '../../shared/api/operations.ts';
import { routesAt } from '../../shared/api/routes.ts';
import type { Upload, UploadTicket } from '../../shared/api/schemas.ts';
import type { Crop } from '../../shared/images/formats.ts';
import type { AvatarRef } from '../../shared/storage/object-keys.ts';
import type { Picture } from './plain-pictures.ts';
import type { Message, World } from './world.ts';

/** `body` is empty unless the response was JSON. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** `body` is sent as JSON. */
export interface RequestOptions {
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}

/** What a ticket request says besides what is sent. */
export interface TicketOptions {
  readonly method?: 'PUT' | 'POST';
  readonly crop?: Crop;
  readonly idempotencyKey?: string;
}

/** An upload whose bytes were sent. */
export interface Sent extends UploadTicket {
  readonly event: Message;
}

/** Someone with a token and an avatar: a user, unless `avatar` says whose it is. */
export interface Client {
  readonly avatar: AvatarRef;
  request(method: Method, path: string, options?: RequestOptions): Promise<Reply>;
  askForTicket(picture: Picture, options?: TicketOptions): Promise<Reply>;
  /** @throws if it is refused. */
  ticket(picture: Picture, options?: TicketOptions): Promise<UploadTicket>;
  /** Sends bytes with a ticket, as S3 takes them. */
  put(ticket: UploadTicket, picture: Picture): Promise<Message>;
  /** Ticket and bytes; the event waits. */
  send(picture: Picture, options?: TicketOptions): Promise<Sent>;
  crop(crop: Crop): Promise<Reply>;
  delete(): Promise<Reply>;
  upload(uploadId: string): Promise<Upload>;
}

/** The claims of the token, and whose avatar the client acts on. */
export interface ClientOptions {
  readonly sub: string;
  readonly organization?: string;
  readonly roles?: readonly string[];
  readonly avatar?: AvatarRef;
}

/** A client that reaches the handlers as API Gateway would, its token verified. */
export function clientOf(world: World, options: ClientOptions): Client {
  const { sub, organization = 'acme', roles = [] } = options;
  const avatar = options.avatar ?? { entityType: 'users', entityId: sub };
  const address = `/${avatar.entityType}/${avatar.entityId}/avatar`;
  const claims = { sub, organization, roles };

  const request: Client['request'] = async (method, path, { body, idempotencyKey } = {}) => {
    const [rawPath = '', rawQueryString = ''] = `${BASE_PATH}${path}`.split('?');
    const match = routesAt(rawPath).find(({ entry }) => entry.operation.method === method);
    const reply = await world.request({
      routeKey: match?.entry.routeKey ?? '$default',
      rawPath,
      rawQueryString,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
      pathParameters: match?.pathParameters ?? {},
      ...(body !== undefined && { body: JSON.stringify(body) }),
      isBase64Encoded: false,
      requestContext: { requestId: 'request', http: { method }, authorizer: { jwt: { claims } } },
    });
    const headers = reply.headers ?? {};
    const isJson = String(headers['content-type']).includes('json');
    return { status: reply.statusCode ?? 200, headers, body: isJson ? JSON.parse(reply.body ?? '{}') : {} };
  };

  const client: Client = {
    avatar,
    request,
    askForTicket: ({ bytes, contentType }, { idempotencyKey, ...options } = {}) =>
      request('POST', address, {
        body: { contentType, contentLength: bytes.length, ...options },
        ...(idempotencyKey !== undefined && { idempotencyKey }),
      }),
    ticket: async (picture, options) =>
      accepted(await client.askForTicket(picture, options), 201) as unknown as UploadTicket,
    put: (ticket, { bytes }) => world.writeBytes(ticket, bytes),
    async send(picture, options) {
      const ticket = await client.ticket(picture, options);
      return { ...ticket, event: await client.put(ticket, picture) };
    },
    crop: (crop) => request('PATCH', address, { body: { crop } }),
    delete: () => request('DELETE', address),
    upload: async (uploadId) => accepted(await request('GET', `/uploads/${uploadId}`), 200) as unknown as Upload,
  };
  return client;
}

function accepted({ status, body }: Reply, expected: number): Reply['body'] {
  if (status !== expected) throw new Error(`${status} instead of ${expected}: ${JSON.stringify(body)}`);
  return body;
}
