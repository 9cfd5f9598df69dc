import type { Dependencies, Settings } from '../../shared/dependencies.ts';
import { createMetadataStore } from '../../shared/metadata/metadata-store.ts';
import type { RecordStore } from '../../shared/metadata/record-store.ts';
import type { StorageBackend } from '../../shared/storage/storage-backend.ts';
import type { Gate } from './gated-task.ts';
import type { PortName } from './port-call.ts';
import type { Plant, Role } from './scenario.ts';
import { stubRenderer } from './stub-renderer.ts';

/** Who asks, and with which planted fault. */
export interface Asker {
  readonly name: string;
  readonly role: Role;
  readonly plant: Plant | undefined;
}

/** What the service gets: each call to storage, records, queues, CDN and scanner goes through the gate. */
export function dependenciesOf({ call, clock }: Gate, { name, role, plant }: Asker): Dependencies {
  const records: RecordStore = { ...portOf<RecordStore>('records', call), pause: async () => {} };
  let ids = 0;
  const dependencies: Dependencies = {
    storage: portOf<StorageBackend>('storage', call),
    metadata: createMetadataStore(records),
    queues: portOf('queues', call),
    edgeCache: portOf('edgeCache', call),
    scanner: portOf('scanner', call),
    renderer: stubRenderer,
    visibility: { change: async () => {} },
    switches: async () => ({ uploadsPaused: false }),
    linkSecret: async () => ({ signing: LINK_KEY, accepted: [LINK_KEY] }),
    settings: SETTINGS,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    metrics: { record: () => {} },
    clock,
    newId: () => {
      ids += 1;
      return ids === 1 ? name : `${name}-${ids}`;
    },
    sleep: async () => {},
  };
  return plant && role !== 'client' ? plant.plant(dependencies, { role, records }) : dependencies;
}

/** Every method that the services call on the ports. */
const METHODS: Readonly<Record<Exclude<PortName, 'task'>, readonly string[]>> = {
  records: ['read', 'commit', 'dueShards', 'dueWork', 'openUploads', 'listAttachments', 'countUsage', 'checkReady'],
  storage: [
    ...['uploadFile', 'downloadFile', 'getFileInfo', 'fileExists', 'deleteFile', 'listFiles', 'copyFile'],
    ...['getFileUrl', 'createUploadTicket', 'checkReady', 'createMultipartUpload', 'signPart', 'listParts'],
    ...['completeMultipartUpload', 'abortMultipartUpload'],
  ],
  queues: ['sendUpload', 'sendPurge', 'sendSweep'],
  edgeCache: ['invalidate'],
  scanner: ['scan'],
};

function portOf<Port>(port: Exclude<PortName, 'task'>, call: Gate['call']): Port {
  const methods = METHODS[port].map((method) => [
    method,
    (...parameters: unknown[]) => call({ port, method, parameters }),
  ]);
  return Object.fromEntries(methods) as Port;
}

const LINK_KEY = Buffer.alloc(32, 'link key');

const LEASE_SECONDS = 120;
/** For how long a function pauses that loses its lease meanwhile. */
export const BEYOND_LEASE = LEASE_SECONDS * 1000 + 1000;

const SETTINGS: Settings = {
  apiUrl: 'http://127.0.0.1:3000/api/v1',
  claimNames: { subject: 'sub', organization: 'organization', roles: 'roles' },
  agentBinding: 'first-ticket',
  avatarMaxBytes: 1024,
  // Files are a line of text each, and "large" begins above one of them.
  attachments: { maxBytes: 1024, types: ['*'], multipartThreshold: 30, stripMaxBytes: 1024 },
  organizationBytes: 1024 * 1024,
  organizationFiles: 100,
  openUploadsPerUser: 20,
  sentUploadsPerUser: 200,
  giveUpMilliseconds: 24 * 3_600_000,
  bucket: { name: 'files', keyPrefix: '' },
  leaseSeconds: LEASE_SECONDS,
};
