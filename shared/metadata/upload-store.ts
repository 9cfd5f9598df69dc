import type { RejectionCode } from '../errors.ts';
import type { AvatarAccess } from './record-access.ts';
import type { AttachmentUpload, AvatarUpload, Instant, RenderUpload, UploadRecord, UploadStatus } from './records.ts';

/** The part of the port that leads an upload from its ticket to its end. Publications are with what they publish. */
export interface UploadStore {
  /**
   * Reserves quota and, for an avatar, issues the next generation.
   *
   * Reserved: `contentLength` bytes and one file for an avatar or an attachment, nothing for a render, and one open
   * upload of the organization and of the caller for all. An absent organization starts with `limits`. A refusal writes
   * nothing. Checked in this order: replay, access, organization, render conditions, open uploads, quota.
   */
  issueUpload(input: IssueUploadInput): Promise<IssueUploadOutcome>;

  /** Moves the deadlines of a pending upload that is younger than 24 h, because it is signed again. Not of a render. */
  renewTicket(input: RenewTicketInput): Promise<RenewTicketOutcome>;

  /**
   * Takes the lease: pending, or processing with a lapsed lease -> processing, one attempt more. The first ETag that
   * is given stays. Repeating it with the same `leaseId` is `begun` again and counts no further attempt.
   */
  beginUpload(input: BeginUploadInput): Promise<BeginUploadOutcome>;

  /** Gives the lease back after an infrastructure fault: the attempt does not count; due again in 30 s. */
  releaseLease(input: LeaseInput): Promise<'released' | 'lost_lease'>;

  /**
   * Ends the upload as rejected and releases what it reserved. For an avatar not while its generation is claimed
   * (`claimed`), unless the caller has seen that nothing of this generation was written.
   */
  rejectUpload(input: RejectUploadInput): Promise<'rejected' | 'claimed' | 'lost_lease'>;

  /** Ends the upload as superseded and releases what it reserved. */
  supersedeUpload(input: LeaseInput): Promise<'superseded' | 'lost_lease'>;

  /** Ends a pending upload whose time for bytes is over and releases it. The caller has seen that none stand there. */
  expireUpload(input: { readonly uploadId: string; readonly now: Date }): Promise<'expired' | 'not_due'>;

  /** Ends a pending upload for its creator and releases it. `unknown` if there is no such upload. */
  abortUpload(input: { readonly uploadId: string; readonly now: Date }): Promise<AbortUploadOutcome>;

  /** Puts an open upload's next look 15 minutes ahead, if it is still the one that was seen. */
  redriveUpload(input: RedriveUploadInput): Promise<'redriven' | 'stale'>;

  getUpload(input: { readonly uploadId: string }): Promise<UploadRecord | undefined>;
}

/** What the caller decides about a new upload. */
export type NewUpload = NewAvatarUpload | NewRenderUpload | NewAttachmentUpload;
export type NewAvatarUpload = Omit<AvatarUpload, IssuedFields>;
export type NewRenderUpload = Omit<RenderUpload, IssuedFields> & { readonly firstLookAt: Instant };
export type NewAttachmentUpload = Omit<AttachmentUpload, IssuedFields>;
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

export type IssueUploadInput = IssueAvatarUploadInput | IssueAttachmentUploadInput;

interface IssueInput {
  readonly request?: IdempotentRequest;
  readonly limits: {
    readonly organizationBytes: number;
    readonly organizationFiles: number;
    /** Cap on open uploads of one caller. */
    readonly openUploadsPerOwner: number;
  };
  readonly now: Date;
}

/** The avatar's record tells who is charged, and the generation. */
export interface IssueAvatarUploadInput extends IssueInput {
  readonly upload: NewAvatarUpload | NewRenderUpload;
  readonly access: AvatarAccess;
}

/** Nothing stands there yet that access could be a condition on. */
export interface IssueAttachmentUploadInput extends IssueInput {
  readonly upload: NewAttachmentUpload;
  /** The caller's: it is charged. */
  readonly organizationId: string;
  readonly access?: undefined;
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
  | { readonly outcome: 'renewed'; readonly upload: AvatarUpload | AttachmentUpload }
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
  /** The caller looked, under this lease, and no original of this generation exists. An attachment needs no look. */
  readonly nothingWritten: boolean;
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
