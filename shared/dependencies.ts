import type { LinkSecret } from './access/link-secret.ts';
import type { ClaimNames } from './access/principal.ts';
import type { AgentBinding } from './access/rules.ts';
import type { MetadataStore } from './metadata/metadata-store.ts';
import type { ServiceSwitches } from './metadata/records.ts';
import type { MetricValues } from './metrics.ts';
import type { AvatarRef } from './storage/object-keys.ts';
import type { FileUrlSource, ObjectStorage, StorageBackend } from './storage/storage-backend.ts';

/** Everything the handlers need from outside; functions/local and functions/aws each build one. */
export interface Dependencies {
  readonly storage: StorageBackend;
  readonly metadata: MetadataStore;
  readonly queues: Queues;
  readonly edgeCache: EdgeCache;
  readonly scanner: Scanner;
  /** The kill switch, at most 10 s old: tickets read it at each request. */
  readonly switches: () => Promise<ServiceSwitches>;
  readonly linkSecret: LinkSecret;
  readonly settings: Settings;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: () => Date;
  /** A new unguessable id without order. */
  readonly newId: () => string;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** What each function is given: on AWS, what is not here is not in its bundle. */
export type ApiDependencies = Omit<Dependencies, 'edgeCache' | 'scanner' | 'metrics'>;
export type WorkerDependencies = Omit<Dependencies, 'storage' | 'queues' | 'edgeCache' | 'switches' | 'linkSecret'> & {
  readonly storage: ObjectStorage;
};
export type MaintenanceDependencies = Omit<Dependencies, 'storage' | 'scanner' | 'switches' | 'linkSecret'> & {
  readonly storage: ObjectStorage & Pick<StorageBackend, 'abortMultipartUpload'>;
};
/** It signs addresses and touches no object. */
export type PublicApiDependencies = Pick<Dependencies, 'metadata' | 'linkSecret' | 'settings' | 'log' | 'clock'> & {
  readonly storage: FileUrlSource;
};

export interface Settings {
  /** Where clients reach the API, with the base path: `https://files.example.com/api/v1`. */
  readonly apiUrl: string;
  readonly claimNames: ClaimNames;
  readonly agentBinding: AgentBinding;
  readonly avatarMaxBytes: number;
  readonly attachments: AttachmentSettings;
  /** What an organization starts with. */
  readonly organizationBytes: number;
  readonly organizationFiles: number;
  readonly openUploadsPerUser: number;
  /** The bucket whose events are ours, and the prefix before every key in it (empty, or with its final slash). */
  readonly bucket: { readonly name: string; readonly keyPrefix: string };
  /** How long a worker may hold an upload, in seconds: the time limit of the process-upload function. */
  readonly leaseSeconds: number;
}

export interface AttachmentSettings {
  readonly maxBytes: number;
  /** Media types that are accepted: `image/png`, `image/*`, `*`. */
  readonly types: readonly string[];
  /** Larger files are sent in parts. */
  readonly multipartThreshold: number;
  /** Larger images are not held in memory, so their metadata cannot be removed. */
  readonly stripMaxBytes: number;
}

/** Work for later. At least once, in any order. A lost message is found again by the sweep. */
export interface Queues {
  sendUpload(message: { readonly uploadId: string }): Promise<void>;
  sendPurge(message: PurgeMessage): Promise<void>;
}

/** What was deleted, and whose objects are to go. */
export type PurgeMessage = { readonly avatar: AvatarRef } | { readonly attachment: string };

/** The copies of public objects that stand at a CDN. */
export interface EdgeCache {
  /**
   * Drops every copy below the prefixes (`avatars/users/ada/`), whatever its query. `busy`: too many invalidations are
   * in progress, nothing was dropped; ask again later.
   */
  invalidate(prefixes: readonly string[]): Promise<'accepted' | 'busy'>;
}

/**
 * Looks for malicious content before anything is published. Only `clean` is published; `error` is tried again. It reads
 * as much of the file as it needs.
 */
export interface Scanner {
  scan(file: AsyncIterable<Uint8Array>): Promise<'clean' | 'infected' | 'disallowed' | 'error'>;
}

/**
 * Numbers for alarms and the dashboard. At most once: a process that dies after the step it would measure records
 * nothing.
 */
export interface Metrics {
  record(values: MetricValues): void;
}

/** One structured line. `error` goes into `fields` as it is. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
