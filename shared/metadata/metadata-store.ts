import type { RejectionCode } from '../errors.ts';
import type { AvatarRef } from '../storage/object-keys.ts';
import type {
  AvatarImage,
  AvatarRecord,
  AvatarUpload,
  Instant,
  OrganizationRecord,
  OrganizationState,
  OwnerRecord,
  RenderUpload,
  ServiceSwitches,
  UploadRecord,
  UploadStatus,
} from './records.ts';

/**
 * The named transitions of uploads, avatars and quotas. Each is atomic: all of its effects or none. An outcome is a
 * value; an exception means that the store failed, and that the transition may or may not have happened: every
 * transition can be repeated, and repeating it never releases or reserves twice.
 *
 * - Time comes in as `now`; adapters have no clock.
 * - Reads see every write that resolved before them.
 * - "Stale" reads inside a transition are repeated by the adapter until they hold.
 *
 * The suite in test/contracts/metadata-store.contract.ts holds every condition from both sides.
 */
export interface MetadataStore {
  /**
   * Reserves quota and issues the avatar's next generation.
   *
   * Reserved: `contentLength` bytes and one file for an avatar, nothing for a render, and one open upload of the
   * organization and of the caller for both. An absent organization starts with `limits`. A refusal writes nothing.
   * Checked in this order: replay, access, organization, render conditions, open uploads, quota.
   */
  issueUpload(input: IssueUploadInput): Promise<IssueUploadOutcome>;

  /** Moves the deadlines of a pending avatar upload that is younger than 24 h, because it is signed again. */
  renewTicket(input: RenewTicketInput): Promise<RenewTicketOutcome>;

  /**
   * Takes the lease: pending, or processing with a lapsed lease -> processing, one attempt more. The first ETag that
   * is given stays. Repeating it with the same `leaseId` is `begun` again and counts no further attempt.
   */
  beginUpload(input: BeginUploadInput): Promise<BeginUploadOutcome>;

  /** Gives the lease back after an infrastructure fault: the attempt does not count; due again in 30 s. */
  releaseLease(input: LeaseInput): Promise<'released' | 'lost_lease'>;

  /**
   * Ends the upload as rejected and releases what it reserved. Not while its generation is claimed (`claimed`), unless
   * the caller has seen that nothing of this generation was written.
   */
  rejectUpload(input: RejectUploadInput): Promise<'rejected' | 'claimed' | 'lost_lease'>;

  /** Announces that this generation is about to be written. Refused once a newer one is claimed or it is deleted. */
  claimAvatar(input: LeaseInput): Promise<'claimed' | 'superseded' | 'lost_lease'>;

  /**
   * Makes the written objects the avatar's picture and ends the upload as ready. The picture that was replaced is
   * credited to the organization; a render keeps the charge as it is. `superseded` also when the organization, the
   * uploader or the user is being erased: nothing has changed then.
   */
  publishAvatar(input: PublishAvatarInput): Promise<'published' | 'superseded' | 'lost_lease'>;

  /** Ends the upload as superseded and releases what it reserved. */
  supersedeUpload(input: LeaseInput): Promise<'superseded' | 'lost_lease'>;

  /** Ends a pending avatar upload whose time is over and releases it. The caller has seen that no bytes stand there. */
  expireUpload(input: { readonly uploadId: string; readonly now: Date }): Promise<'expired' | 'not_due'>;

  /** Ends a pending upload for its creator and releases it. `unknown` if there is no such upload. */
  abortUpload(input: { readonly uploadId: string; readonly now: Date }): Promise<AbortUploadOutcome>;

  /** Puts an open upload's next look 15 minutes ahead, if it is still the one that was seen. */
  redriveUpload(input: RedriveUploadInput): Promise<'redriven' | 'stale'>;

  /**
   * Deletes the avatar: a tombstone of the next generation, the charge given back, the first purge due now. A ticket
   * that is still open is outrun as well. `absent`: nothing to delete. `not_allowed`: another's avatar.
   */
  markAvatarDeleted(input: MarkAvatarDeletedInput): Promise<MarkAvatarDeletedOutcome>;

  /**
   * After a purge pass over generations <= `deletedGeneration`: first -> second, due in 15 minutes; second -> done.
   * A done user's avatar without a newer picture is forgotten 35 days later; an agent's stays, it is its binding.
   */
  advancePurge(input: AdvancePurgeInput): Promise<'advanced' | 'stale'>;

  /** Binds an agent to an organization; repeating it is `bound`. `conflict`: bound to another one. */
  bindAgent(input: BindAgentInput): Promise<'bound' | 'conflict'>;

  /** Moves limit and free by one difference, so what is held stays held. An absent organization is created. */
  setLimits(input: SetLimitsInput): Promise<OrganizationRecord>;

  /** Pauses, resumes or closes an organization for good. `erasing` never ends: `closed` when it stands already. */
  setOrganizationState(input: SetOrganizationStateInput): Promise<'set' | 'closed'>;

  /** Closes one person of an organization for good: no ticket and no publication any more. */
  closeOwner(input: { readonly organizationId: string; readonly ownerId: string }): Promise<void>;

  setSwitches(switches: ServiceSwitches): Promise<void>;
  /** Never set: uploads are not paused. */
  getSwitches(): Promise<ServiceSwitches>;

  getUpload(input: { readonly uploadId: string }): Promise<UploadRecord | undefined>;
  getAvatar(avatar: AvatarRef): Promise<AvatarRecord | undefined>;
  /** At most 100, distinct; in the order asked, undefined where there is none. */
  getAvatars(avatars: readonly AvatarRef[]): Promise<readonly (AvatarRecord | undefined)[]>;
  getOrganization(input: { readonly organizationId: string }): Promise<OrganizationRecord | undefined>;
  getOwner(input: { readonly organizationId: string; readonly ownerId: string }): Promise<OwnerRecord | undefined>;

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
  releaseDelay: 30_000,
  redriveDelay: 15 * 60_000,
  secondPurgeDelay: 15 * 60_000,
} as const;

/**
 * Who acts on an avatar, as the condition on its record. `mayBind`: an absent record is accepted and is bound to
 * `organizationId` then. A present record must have `ownerId` equal, when that is given, else `organizationId`.
 */
export interface AvatarAccess {
  readonly organizationId: string;
  readonly ownerId?: string;
  readonly mayBind: boolean;
}

/** Whether an avatar's record, or its absence, meets the condition. Adapters test it inside their transitions. */
export function meetsAccess(
  record: { readonly organizationId: string; readonly ownerId?: string | null } | undefined,
  { organizationId, ownerId, mayBind }: AvatarAccess,
): boolean {
  if (!record) return mayBind;
  return ownerId === undefined ? record.organizationId === organizationId : record.ownerId === ownerId;
}

/** What the caller decides about a new upload; organization and generation come from the avatar's record. */
export type NewUpload = NewAvatarUpload | NewRenderUpload;
export type NewAvatarUpload = Omit<AvatarUpload, IssuedFields>;
export type NewRenderUpload = Omit<RenderUpload, IssuedFields> & { readonly firstLookAt: Instant };
type IssuedFields =
  | 'organizationId'
  | 'generation'
  | 'status'
  | 'code'
  | 'attempts'
  | 'leaseId'
  | 'leaseUntil'
  | 'eTag'
  | 'finishedAt'
  | 'workAt';

/** An `Idempotency-Key` as it is stored: digests, never the client's text. */
export interface IdempotentRequest {
  readonly keyDigest: string;
  /** Of everything in the request that must be equal for a replay. */
  readonly requestDigest: string;
  readonly expiresAt: Instant;
}

export interface IssueUploadInput {
  readonly upload: NewUpload;
  readonly access: AvatarAccess;
  readonly request?: IdempotentRequest;
  readonly limits: {
    readonly organizationBytes: number;
    readonly organizationFiles: number;
    /** Cap on open uploads of one caller. */
    readonly openUploadsPerOwner: number;
  };
  readonly now: Date;
}

export type IssueUploadOutcome =
  | { readonly outcome: 'issued'; readonly upload: UploadRecord }
  /** The same request was answered before; `upload` is what it issued (undefined: long finished and removed). */
  | { readonly outcome: 'replayed'; readonly uploadId: string; readonly upload: UploadRecord | undefined }
  | { readonly outcome: 'request_differs' }
  | { readonly outcome: 'not_allowed' }
  | { readonly outcome: 'organization_closed'; readonly state: 'paused' | 'erasing' }
  | { readonly outcome: 'nothing_to_render' }
  | { readonly outcome: 'upload_in_progress'; readonly uploadId: string }
  | { readonly outcome: 'too_many_open'; readonly openUploads: number }
  | { readonly outcome: 'quota_exceeded'; readonly bytesFree: number; readonly filesFree: number };

export interface RenewTicketInput {
  readonly uploadId: string;
  readonly urlExpiresAt: Instant;
  readonly acceptUntil: Instant;
  readonly now: Date;
}

export type RenewTicketOutcome =
  | { readonly outcome: 'renewed'; readonly upload: AvatarUpload }
  | { readonly outcome: 'finished'; readonly status: UploadStatus }
  | { readonly outcome: 'unknown' };

export interface LeaseInput {
  readonly uploadId: string;
  readonly leaseId: string;
  readonly now: Date;
}

export interface BeginUploadInput extends LeaseInput {
  readonly leaseUntil: Instant;
  /** Of the object that stands there; absent when none does. */
  readonly eTag?: string;
}

export type BeginUploadOutcome =
  | { readonly outcome: 'begun'; readonly upload: UploadRecord }
  | { readonly outcome: 'finished'; readonly upload: UploadRecord }
  | { readonly outcome: 'busy' }
  | { readonly outcome: 'unknown' };

export interface RejectUploadInput extends LeaseInput {
  readonly code: RejectionCode;
  /** The caller looked, under this lease, and no original of this generation exists. */
  readonly nothingWritten: boolean;
}

export interface PublishAvatarInput extends LeaseInput {
  readonly image: Omit<AvatarImage, 'readyUploadId' | 'updatedAt'>;
}

export type AbortUploadOutcome =
  | { readonly outcome: 'aborted'; readonly upload: UploadRecord }
  | { readonly outcome: 'finished'; readonly status: UploadStatus }
  | { readonly outcome: 'unknown' };

export interface RedriveUploadInput {
  readonly uploadId: string;
  readonly seenWorkAt: Instant;
  readonly now: Date;
}

export interface MarkAvatarDeletedInput {
  readonly avatar: AvatarRef;
  readonly access: AvatarAccess;
  readonly now: Date;
}

export type MarkAvatarDeletedOutcome =
  | { readonly outcome: 'deleted'; readonly deletedGeneration: number }
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'not_allowed' };

export interface AdvancePurgeInput {
  readonly avatar: AvatarRef;
  readonly pass: 'first' | 'second';
  readonly deletedGeneration: number;
  readonly now: Date;
}

export interface BindAgentInput {
  readonly agentId: string;
  readonly organizationId: string;
}

export interface SetLimitsInput {
  readonly organizationId: string;
  readonly bytesLimit: number;
  readonly filesLimit: number;
}

export interface SetOrganizationStateInput {
  readonly organizationId: string;
  readonly state: OrganizationState;
  /** What an absent organization starts with. */
  readonly limits: { readonly organizationBytes: number; readonly organizationFiles: number };
}

export type DueWork =
  | { readonly type: 'upload'; readonly uploadId: string; readonly workAt: Instant }
  | { readonly type: 'purge'; readonly avatar: AvatarRef; readonly workAt: Instant };

export interface DueWorkPage {
  readonly items: readonly DueWork[];
  /** Absent on the last page. */
  readonly cursor?: string;
}
