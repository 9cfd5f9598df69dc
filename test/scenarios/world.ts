import { AsyncLocalStorage } from 'node:async_hooks';
import type { APIGatewayProxyStructuredResultV2, Context, SQSEvent } from 'aws-lambda';
import { onTestFinished } from 'vitest';
import { createApiHandler } from '../../functions/api.ts';
import { type HttpEvent, purgeMessage, sweepMessage } from '../../functions/events.ts';
import type { LocalDependencies } from '../../functions/local/dependencies.ts';
import { recover } from '../../functions/local/recovery.ts';
import { objectCreatedEvent } from '../../functions/local/s3-event.ts';
import { createMaintenanceHandler } from '../../functions/maintenance.ts';
import { createProcessUploadHandler } from '../../functions/process-upload.ts';
import { createPublicApiHandler } from '../../functions/public-api.ts';
import { routeOf } from '../../shared/api/routes.ts';
import type { UploadTicket } from '../../shared/api/schemas.ts';
import type { Dependencies, Renderer, Scanner, Settings } from '../../shared/dependencies.ts';
import { renderer as realRenderer } from '../../shared/images/renderer.ts';
import type { SweepCounts } from '../../shared/maintenance/sweep-run.ts';
import { cacheSwitches } from '../../shared/metadata/cached-switches.ts';
import type { MetadataStore } from '../../shared/metadata/metadata-store.ts';
import type { RecordStore } from '../../shared/metadata/record-store.ts';
import type { MetricValues } from '../../shared/metrics.ts';
import type { StorageKey } from '../../shared/storage/object-keys.ts';
import type { StorageBackend } from '../../shared/storage/storage-backend.ts';
import { eicarScanner } from '../../shared/uploads/eicar-scanner.ts';
import { type Interceptor, interceptPort, passThrough } from './intercepted-port.ts';

/** The adapters of one world, which no other world uses. */
export interface Adapters {
  readonly storage: StorageBackend;
  readonly metadata: MetadataStore;
  /** What `metadata` is made of. */
  readonly records?: RecordStore;
  /** What events name. @default - a bucket without a prefix */
  readonly bucket?: Settings['bucket'];
  /** Sends bytes as a client does, to the ticket's URL. @default - they are written as S3 would after a valid ticket */
  readonly sendBytes?: (ticket: UploadTicket, bytes: Uint8Array) => Promise<void>;
  /** Sends one part of the object at `key` to its URL, as a client does. Resolves with its ETag. */
  readonly sendPart: (part: { readonly key: StorageKey; readonly url: string }, bytes: Uint8Array) => Promise<string>;
  close(): Promise<void>;
}
/** Opens adapters on something new and empty. */
export type OpenAdapters = () => Promise<Adapters>;

/** A message that was sent. The test decides when it is delivered, how often and in which order. */
export interface Message {
  readonly queue: 'uploads' | 'maintenance';
  readonly body: string;
}

/** The queues on AWS: a message that fails comes back after this, unless its visibility is changed; then 5 receives. */
const VISIBILITY_MILLISECONDS = 720_000;
export const MAX_RECEIVES = 5;

/**
 * The whole service on real adapters, but for three things that the test controls: the clock, the queues, and the moment
 * between any two calls to the outside.
 */
export interface World {
  /** The adapters themselves: what the test asks of them is neither intercepted nor counted. */
  readonly storage: StorageBackend;
  readonly metadata: MetadataStore;
  readonly settings: Settings;
  /** Sent and not acknowledged, oldest first. */
  readonly messages: readonly Message[];
  /** What was measured, in order. */
  readonly measured: readonly MetricValues[];
  now(): Date;
  advance(milliseconds: number): void;
  request(event: HttpEvent): Promise<APIGatewayProxyStructuredResultV2>;
  /** Writes bytes where a client may and sends S3's event. A PUT never replaces, a form does. */
  writeBytes(ticket: UploadTicket, bytes: Uint8Array): Promise<Message>;
  readonly sendPart: Adapters['sendPart'];
  /** Sends S3's event for the bytes that are stored at the key: parts were joined there, or it comes once more. */
  announce(key: string): Promise<Message>;
  /** Delivers a message once. What was acknowledged before can be delivered again: a duplicate. */
  deliver(message: Message): Promise<'acknowledged' | 'failed'>;
  /** When a message may be delivered, and how often it was. */
  stateOf(message: Message): { readonly visibleAt: Date; readonly receives: number };
  /** The message is never delivered. */
  lose(message: Message): void;
  sweep(): Promise<SweepCounts>;
  /** What local mode does when it is started again: its queues are empty, and it takes up what its records say. */
  restart(): Promise<void>;
  /** Passes every call that the service makes in the course of `task` through the interceptor. */
  intercept<T>(interceptor: Interceptor, task: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The defaults: ample limits, the scanner that knows EICAR, and the real renderer. */
export interface WorldOptions {
  readonly settings?: Partial<Settings>;
  readonly scanner?: Scanner;
  readonly renderer?: Renderer;
}

/** A world that ends with the test. */
export async function openWorld(openAdapters: OpenAdapters, options: WorldOptions = {}): Promise<World> {
  const world = await createWorld(openAdapters, options);
  onTestFinished(() => world.close());
  return world;
}

/** A world that the caller closes. */
export async function createWorld(openAdapters: OpenAdapters, options: WorldOptions = {}): Promise<World> {
  const { storage, metadata, bucket = SETTINGS.bucket, sendBytes, sendPart, close } = await openAdapters();
  const settings: Settings = { ...SETTINGS, bucket, ...options.settings };
  const messages: Message[] = [];
  const deliveries = new Map<Message, { visibleAt: number; receives: number }>();
  const measured: MetricValues[] = [];
  const interceptors = new AsyncLocalStorage<Interceptor>();
  let time = Date.now();
  let ids = 0;
  const clock = () => new Date(time);
  const advance = (milliseconds: number) => {
    time += milliseconds;
  };
  const send = (message: Message) => {
    messages.push(message);
    return message;
  };
  const announce = async (at: string) => {
    const { name, keyPrefix } = bucket;
    const { eTag, size } = await storage.getFileInfo({ key: at as StorageKey });
    const event = objectCreatedEvent({ bucket: name, key: keyPrefix + at, size, eTag, at: clock() });
    return send({ queue: 'uploads', body: JSON.stringify(event) });
  };
  const forget = (message: Message) => {
    const index = messages.indexOf(message);
    if (index >= 0) messages.splice(index, 1);
  };
  const deliveryOf = (message: Message) => {
    const known = deliveries.get(message) ?? { visibleAt: 0, receives: 0 };
    deliveries.set(message, known);
    return known;
  };
  const receive = (message: Message) => {
    const delivery = deliveryOf(message);
    delivery.receives += 1;
    delivery.visibleAt = time + VISIBILITY_MILLISECONDS;
    const receiptHandle = String(receipts.push(delivery) - 1);
    const attributes = { ApproximateReceiveCount: String(delivery.receives), SentTimestamp: String(time) };
    return {
      Records: [{ messageId: 'message', receiptHandle, body: message.body, attributes }],
    } as unknown as SQSEvent;
  };
  const receipts: { visibleAt: number }[] = [];

  const watched = <T extends object>(name: string, port: T): T =>
    interceptPort(name, port, () => interceptors.getStore() ?? passThrough);
  const watchedMetadata = watched('metadata', metadata);
  const dependencies: Dependencies = {
    storage: watched('storage', storage),
    metadata: watchedMetadata,
    queues: watched('queues', {
      sendUpload: async (message) => void send({ queue: 'uploads', body: JSON.stringify(message) }),
      sendPurge: async (message) => void send({ queue: 'maintenance', body: purgeMessage(message) }),
      sendSweep: async (message) => void send({ queue: 'maintenance', body: sweepMessage(message) }),
    } satisfies Dependencies['queues']),
    visibility: {
      change: async ({ receiptHandle, seconds }) => {
        const delivery = receipts[Number(receiptHandle)];
        if (delivery) delivery.visibleAt = time + seconds * 1000;
      },
    },
    renderer: options.renderer ?? realRenderer,
    edgeCache: watched('edgeCache', { invalidate: async () => 'accepted' as const }),
    scanner: watched('scanner', options.scanner ?? eicarScanner),
    switches: cacheSwitches(watchedMetadata, clock),
    linkSecret: async () => ({ signing: LINK_KEY, accepted: [LINK_KEY] }),
    settings,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    metrics: { record: (values) => void measured.push(values) },
    clock,
    newId: () => {
      ids += 1;
      return `id-${ids}`;
    },
    sleep: async (milliseconds) => advance(milliseconds),
  };
  const api = createApiHandler(dependencies);
  const publicApi = createPublicApiHandler(dependencies);
  const processUpload = createProcessUploadHandler(dependencies);
  const maintain = createMaintenanceHandler(dependencies);

  return {
    storage,
    metadata,
    settings,
    messages,
    measured,
    now: clock,
    advance,
    request: (event) => (routeOf(event.routeKey)?.operation.group === 'api' ? api : publicApi)(event, CONTEXT),
    async writeBytes(ticket, bytes) {
      const key = ticket.key as StorageKey;
      // Other bytes than the ticket's are for the worker to refuse, so they are written directly.
      if (sendBytes && bytes.length === ticket.contentLength) await sendBytes(ticket, bytes);
      else {
        const condition = ticket.method === 'PUT' ? { ifNoneMatch: '*' as const } : {};
        await storage.uploadFile({ key, body: bytes, contentType: 'application/octet-stream', ...condition });
      }
      return announce(key);
    },
    sendPart,
    announce,
    async deliver(message) {
      const batch = receive(message);
      const { batchItemFailures } = await (message.queue === 'uploads' ? processUpload : maintain)(batch, CONTEXT);
      if (batchItemFailures.length > 0) return 'failed';
      forget(message);
      return 'acknowledged';
    },
    stateOf(message) {
      const { visibleAt, receives } = deliveryOf(message);
      return { visibleAt: new Date(visibleAt), receives };
    },
    lose: forget,
    async restart() {
      messages.splice(0);
      // No other process has the records, so each lease is a dead worker's.
      await recover({ dependencies, database: {} } as unknown as LocalDependencies);
    },
    sweep: () => maintain({ 'detail-type': 'Scheduled Event' }, CONTEXT),
    intercept: (interceptor, task) => interceptors.run(interceptor, task),
    close,
  };
}

const CONTEXT = { awsRequestId: 'request' } as Context;

const LINK_KEY = Buffer.alloc(32, 'link key');

export const SETTINGS: Settings = {
  apiUrl: 'http://127.0.0.1:3000/api/v1',
  claimNames: { subject: 'sub', organization: 'organization', roles: 'roles' },
  agentBinding: 'first-ticket',
  avatarMaxBytes: 1024 * 1024,
  attachments: {
    maxBytes: 100 * 1024 * 1024,
    types: ['*'],
    multipartThreshold: 20 * 1024 * 1024,
    stripMaxBytes: 5 * 1024 * 1024,
  },
  organizationBytes: 10 * 1024 * 1024,
  organizationFiles: 100,
  openUploadsPerUser: 100,
  sentUploadsPerUser: 200,
  giveUpMilliseconds: 24 * 3_600_000,
  bucket: { name: 'files', keyPrefix: '' },
  leaseSeconds: 120,
};
