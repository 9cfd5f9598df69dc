import type { LinkSecret } from './access/link-secret.ts';
import type { ClaimNames } from './access/principal.ts';
import type { AgentBinding } from './access/rules.ts';
import type { AttachmentJob, AttachmentResult, AvatarJob, AvatarResult } from './images/render-jobs.ts';
import type { MetadataStore } from './metadata/metadata-store.ts';
import type { ServiceSwitches } from './metadata/records.ts';
import type { MetricValues } from './metrics.ts';
import type { AvatarRef } from './storage/object-keys.ts';
import type { FileUrlSource, ObjectStorage, StorageBackend } from './storage/storage-backend.ts';

/** Everything the handlers need from outside. functions/local and functions/aws each build one. */
export interface Dependencies {
  readonly storage: StorageBackend;
  readonly metadata: MetadataStore;
  readonly queues: Queues;
  readonly visibility: MessageVisibility;
  readonly edgeCache: EdgeCache;
  readonly scanner: Scanner;
  readonly renderer: Renderer;
  /** The kill switch, at most 10 s old: every ticket request reads it. */
  readonly switches: () => Promise<ServiceSwitches>;
  readonly linkSecret: LinkSecret;
  readonly settings: Settings;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: () => Date;
  /** A new id: unguessable, and in no order. */
  readonly newId: () => string;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** What each function gets. On AWS, its bundle contains nothing else. */
export type ApiDependencies = Omit<Dependencies, 'visibility' | 'edgeCache' | 'scanner' | 'renderer' | 'metrics'>;
export type WorkerDependencies = Omit<Dependencies, 'storage' | 'queues' | 'edgeCache' | 'switches' | 'linkSecret'> & {
  readonly storage: ObjectStorage;
};
export type MaintenanceDependencies = Omit<
  Dependencies,
  'storage' | 'visibility' | 'scanner' | 'renderer' | 'switches' | 'linkSecret'
> & {
  readonly storage: ObjectStorage & Pick<StorageBackend, 'abortMultipartUpload'>;
};
/** It signs URLs and touches no object. */
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
  /** The quota of a new organization. */
  readonly organizationBytes: number;
  readonly organizationFiles: number;
  /** Tickets that one person may hold whose bytes have not been seen. */
  readonly openUploadsPerUser: number;
  /** Uploads that one person may have sent that are not finished. */
  readonly sentUploadsPerUser: number;
  /** An upload that has been failing for this long ends rejected. */
  readonly giveUpMilliseconds: number;
  /** The bucket whose events count, and the prefix before every key in it (empty, or with its final slash). */
  readonly bucket: { readonly name: string; readonly keyPrefix: string };
  /** How long a worker may hold an upload, in seconds: the time limit of the process-upload function. */
  readonly leaseSeconds: number;
}

export interface AttachmentSettings {
  readonly maxBytes: number;
  /** Media types that are accepted: `image/png`, `image/*`, `*`. */
  readonly types: readonly string[];
  /** Larger files are sent by multipart upload. */
  readonly multipartThreshold: number;
  /** Larger images are not held in memory, so their metadata cannot be removed. */
  readonly stripMaxBytes: number;
}

/** Work for later: delivered at least once, in any order. The sweep finds what a lost message was about. */
export interface Queues {
  sendUpload(message: { readonly uploadId: string }): Promise<void>;
  sendPurge(message: PurgeMessage): Promise<void>;
  sendSweep(message: SweepMessage): Promise<void>;
}

/** What was deleted and has files to be removed: an avatar, or the attachment with this id. */
export type PurgeMessage = { readonly avatar: AvatarRef } | { readonly attachment: string };

/** A shard of the due work (0 to 63) in which something is due. */
export interface SweepMessage {
  readonly shard: number;
}

/** When a message of the uploads queue that is not acknowledged is delivered again. */
export interface MessageVisibility {
  /**
   * Has the message delivered again so many seconds from now (whole, 0 to 43,200), instead of after the visibility
   * timeout of the queue. Does not acknowledge it, and does not keep it from the dead-letter queue.
   */
  change(delivery: { readonly receiptHandle: string; readonly seconds: number }): Promise<void>;
}

/** Public objects that a CDN has cached. */
export interface EdgeCache {
  /**
   * Invalidates everything below the prefixes (`avatars/users/ada/`), whatever its query string. `busy`: too many
   * invalidations are in progress, and nothing was invalidated; try again later.
   */
  invalidate(prefixes: readonly string[]): Promise<'accepted' | 'busy'>;
}

/**
 * Looks for malicious content before anything is published. Only `clean` is published; `error` is retried. Reads as
 * much of the file as it needs.
 */
export interface Scanner {
  scan(file: AsyncIterable<Uint8Array>): Promise<'clean' | 'infected' | 'disallowed' | 'error'>;
}

/**
 * Decodes images. Each call is one whole job, so that an adapter can run it in another process and end it there; a port
 * also lets tests stage a slow or broken decoder.
 */
export interface Renderer {
  /**
   * Decides whether the bytes may be decoded, and renders every thumbnail.
   * @throws ContentRejectedError for anything about the bytes; `crop_outside_image`; `image_too_complex` for an image
   * that takes more time or memory than the renderer grants.
   */
  renderAvatar(job: AvatarJob): Promise<AvatarResult>;
  /**
   * Removes the metadata, unless it is to be kept, and describes what is left.
   * @throws ContentRejectedError `metadata_not_strippable`; `image_too_complex` as above.
   */
  prepareAttachment(job: AttachmentJob): Promise<AttachmentResult>;
}

/**
 * Numbers for alarms and the dashboard. At most once: a process that dies after the step it would measure records
 * nothing.
 */
export interface Metrics {
  record(values: MetricValues): void;
}

/** One structured line. An error goes into `fields` as it is, under `error`. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
