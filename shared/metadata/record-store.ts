import type { EntityType } from '../storage/object-keys.ts';
import type { Share } from './quota.ts';
import type {
  AttachmentRecord,
  AvatarRecord,
  Instant,
  OrganizationRecord,
  OwnerRecord,
  RequestRecord,
  ServiceSwitches,
  UploadRecord,
} from './records.ts';

/** The record of each kind. */
export interface RecordOfKind {
  readonly upload: UploadRecord;
  readonly avatar: AvatarRecord;
  readonly attachment: AttachmentRecord;
  readonly organization: OrganizationRecord;
  readonly owner: OwnerRecord;
  readonly request: RequestRecord;
  readonly switches: ServiceSwitches;
}
export type RecordKind = keyof RecordOfKind;
export type AnyRecord = RecordOfKind[RecordKind];

/** Names one record by the fields that identify it. There is one record of the service's switches. */
export type RecordKey =
  | { readonly kind: 'upload'; readonly uploadId: string }
  | { readonly kind: 'avatar'; readonly entityType: EntityType; readonly entityId: string }
  | { readonly kind: 'attachment'; readonly fileId: string }
  | { readonly kind: 'organization'; readonly organizationId: string }
  | { readonly kind: 'owner'; readonly organizationId: string; readonly ownerId: string }
  | { readonly kind: 'request'; readonly keyDigest: string }
  | { readonly kind: 'switches' };

/**
 * Creates, changes or removes one record, if it is still what the decision was based on: absent where `seen` is
 * undefined, otherwise present with each field of `uses` equal to that of `seen` (absent where it is absent there).
 * Only the fields in which `next` differs from `seen` are written, so fields that this release does not know survive.
 */
export interface Change {
  readonly key: RecordKey;
  readonly seen: AnyRecord | undefined;
  /** Undefined removes the record. */
  readonly next: AnyRecord | undefined;
  readonly uses: readonly string[];
}

/**
 * Moves the counters of a record that many transitions share, without comparing them with what was read: `add` is added
 * to whatever they are, `set` replaces fields, and every guard must hold. Without `add` and `set` it is only checked.
 * Where there is something to write, the record must exist, or be given as `create`, for which the guards hold already.
 */
export interface Adjustment {
  readonly key: RecordKey;
  readonly add?: Readonly<Record<string, number>>;
  readonly set?: Readonly<Record<string, string | number | boolean>>;
  readonly guards?: readonly Guard[];
  /** The record before the adjustment, where the decision found none; then it must still be absent. */
  readonly create?: AnyRecord;
}

/** A condition on one field. `not` also holds for an absent record; the others do not. */
export type Guard =
  | { readonly field: string; readonly equals: string | number }
  | { readonly field: string; readonly not: string }
  | { readonly field: string; readonly atLeast: number }
  | { readonly field: string; readonly below: number };

export type RecordWrite = Change | Adjustment;

export function isChange(write: RecordWrite): write is Change {
  return 'uses' in write;
}

/** What is due: what an upload needs next, versions of an avatar or an attachment to be removed. */
export type DueWork = DueSubject & { readonly workAt: Instant };
export type DueSubject = Extract<RecordKey, { readonly kind: 'upload' | 'avatar' | 'attachment' }>;

export interface DueWorkPage {
  readonly items: readonly DueWork[];
  /** Absent on the last page. */
  readonly cursor?: string;
}

export interface ListAttachmentsInput {
  readonly organizationId: string;
  readonly contextId?: string;
  /** The uploader. */
  readonly ownerId?: string;
  /** The start of the media type they are served with: `image/`. */
  readonly typePrefix?: string;
  /** The caller, and whether it sees what is private to others. */
  readonly visibleTo: { readonly ownerId: string; readonly seesPrivate: boolean };
  /** 1 to 100. */
  readonly limit: number;
  readonly cursor?: string;
}

export interface AttachmentPage {
  readonly items: readonly AttachmentRecord[];
  /** Absent on the last page. */
  readonly cursor?: string;
}

/** The most shards that a store may divide its due work into; they are numbered from 0. */
export const MOST_SHARDS = 64;

/**
 * Where records live. The transitions decide what is written; a store reads, commits and searches, and knows no rule of
 * their lifecycle.
 *
 * - Times come in as `now`; stores have no clock.
 * - An exception means that the store failed: a commit may or may not have happened then, and every transition can be
 *   repeated. What a retry can help is a DependencyUnavailableError.
 * - Fields of a record that are undefined are absent in the store.
 */
export interface RecordStore {
  /** Distinct keys, at most 100; in their order, undefined where there is none. Sees every commit that resolved before. */
  read(keys: readonly RecordKey[]): Promise<(AnyRecord | undefined)[]>;

  /**
   * Writes all or nothing, at most one write for each record. `false`: a condition did not hold, or another commit was
   * under way on one of the records; nothing was written.
   */
  commit(writes: readonly RecordWrite[]): Promise<boolean>;

  /** Called after the given number of refused commits of one transition, before it reads again. */
  pause(refusals: number): Promise<void>;

  /** The shards in which something is due at `now`. The shard of a record follows from its id and never changes. */
  dueShards(input: { readonly now: Date }): Promise<readonly number[]>;
  /**
   * What is due in one shard at `now` or before, oldest first, each record once, at most `limit` (1 to 100). May miss
   * writes of the last seconds.
   * @throws RangeError for a cursor that no page gave.
   */
  dueWork(input: {
    readonly shard: number;
    readonly now: Date;
    readonly limit: number;
    readonly cursor?: string;
  }): Promise<DueWorkPage>;

  /** All open uploads of one person, the oldest first: the caps keep them few. May miss writes of the last seconds. */
  openUploads(input: { readonly organizationId: string; readonly ownerId: string }): Promise<readonly UploadRecord[]>;

  /**
   * One page of what a caller may see: the newest first, by createdAt, then by id. Never drafts, deleted ones, nor what
   * is private to others. A page may have fewer than `limit` while more follow, because what one call looks through is
   * bounded; each cursor is further than the one before. May miss what was published in the last seconds.
   * @throws RangeError for a cursor that no page gave.
   */
  listAttachments(input: ListAttachmentsInput): Promise<AttachmentPage>;

  /**
   * Counts what the organization's records hold: attachments and drafts, published avatars, open reservations. May miss
   * writes of the last seconds, so a caller that corrects the quota by it reads the version first and waits before
   * counting.
   */
  countUsage(input: { readonly organizationId: string }): Promise<Share>;

  /** Whether the store can be reached: resolves, or throws the reason why not. */
  checkReady(): Promise<void>;
}
