import type { AvatarRef } from '../storage/object-keys.ts';
import type { AttachmentStore } from './attachment-store.ts';
import type { AvatarStore } from './avatar-store.ts';
import type { OrganizationStore } from './organization-store.ts';
import type { Instant } from './records.ts';
import type { UploadStore } from './upload-store.ts';

/**
 * The named transitions of uploads, avatars, attachments and quotas. Each is atomic: all of its effects or none. An
 * outcome is a value; an exception means that the store failed, and that the transition may or may not have happened:
 * every transition can be repeated, and repeating it never releases or reserves twice.
 *
 * - Time comes in as `now`; adapters have no clock.
 * - Reads see every write that resolved before them, but for those that say otherwise.
 * - "Stale" reads inside a transition are repeated by the adapter until they hold.
 * - A lease on the upload of an attachment is none on that of an avatar, and the other way round: `lost_lease`.
 *
 * The suite in test/contracts/metadata-store.contract.ts holds every condition from both sides.
 */
export interface MetadataStore extends UploadStore, AvatarStore, AttachmentStore, OrganizationStore {
  /** What is due at `now` or before, oldest first, at most `limit` (1 to 100). May miss writes of the last seconds. */
  dueWork(input: { readonly now: Date; readonly limit: number; readonly cursor?: string }): Promise<DueWorkPage>;

  /** Whether the store can be reached: resolves, or throws what stands in the way. */
  checkReady(): Promise<void>;
}

/** Spans of time that transitions write, in milliseconds. */
export const RETENTION = {
  /** From a record's end to its removal. */
  finished: 35 * 24 * 3_600_000,
  /** A pending upload cannot be signed again after this age. */
  renewable: 24 * 3_600_000,
  /** From the publication of a draft to its end. */
  draft: 24 * 3_600_000,
  releaseDelay: 30_000,
  redriveDelay: 15 * 60_000,
  secondPurgeDelay: 15 * 60_000,
} as const;

export type DueWork =
  | { readonly type: 'upload'; readonly uploadId: string; readonly workAt: Instant }
  | { readonly type: 'purge'; readonly avatar: AvatarRef; readonly workAt: Instant }
  /** A draft whose day is over, or a deleted attachment whose objects may still stand: its record says which. */
  | { readonly type: 'attachment'; readonly fileId: string; readonly workAt: Instant };

export interface DueWorkPage {
  readonly items: readonly DueWork[];
  /** Absent on the last page. */
  readonly cursor?: string;
}
