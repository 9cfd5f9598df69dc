import { AVATAR_TYPES } from '../../images/formats.ts';
import { type AvatarRef, originalKey } from '../../storage/object-keys.ts';
import { newOrganization, reservationOf } from '../quota.ts';
import { type AvatarAccess, meetsAccess } from '../record-access.ts';
import { avatarKey, organizationKey, otherUserKey, ownerKey, requestKey, uploadKey } from '../record-keys.ts';
import type { Adjustment, Change, Guard } from '../record-store.ts';
import {
  type AttachmentUpload,
  type AvatarRecord,
  type AvatarUpload,
  type Instant,
  isTerminal,
  type OrganizationRecord,
  type OwnerRecord,
  type RenderSource,
  type RenderUpload,
  type RequestRecord,
  type UploadRecord,
} from '../records.ts';
import { isErasing, userNotErasing } from './counters.ts';
import { adjust, change, create, type Decision, type Keys, type Records, type Transition } from './transition.ts';

/** What the caller decides about a new upload. */
export type NewUpload = NewAvatarUpload | NewRenderUpload | NewAttachmentUpload;
export type NewAvatarUpload = Omit<AvatarUpload, IssuedFields>;
export type NewRenderUpload = Omit<RenderUpload, IssuedFields | 'source'> & { readonly firstLookAt: Instant };
export type NewAttachmentUpload = Omit<AttachmentUpload, IssuedFields>;
type IssuedFields =
  | 'organizationId'
  | 'generation'
  | 'status'
  | 'code'
  | 'attempts'
  | 'leases'
  | 'leaseId'
  | 'leaseUntil'
  | 'eTag'
  | 'sentAt'
  | 'failingSince'
  | 'finishedAt'
  | 'cleanUp'
  | 'workAt'
  | 'expiresAt';

/** A request that carries an `Idempotency-Key`. */
export type IdempotentRequest = Omit<RequestRecord, 'uploadId'>;

export type IssueUploadInput = IssueAvatarUploadInput | IssueAttachmentUploadInput;

interface IssueInput {
  readonly request?: IdempotentRequest;
  readonly limits: {
    readonly organizationBytes: number;
    readonly organizationFiles: number;
    /** Caps on the open uploads of one person: those that wait for their bytes, and those that were sent. */
    readonly pendingUploads: number;
    readonly sentUploads: number;
  };
  readonly now: Date;
}

/** The avatar's record says which organization is charged, and the generation. */
export interface IssueAvatarUploadInput extends IssueInput {
  readonly upload: NewAvatarUpload | NewRenderUpload;
  readonly access: AvatarAccess;
}

/** There is no record yet that access could be a condition on. */
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
  | { readonly outcome: 'too_many_open'; readonly cap: 'pending' | 'sent' }
  | { readonly outcome: 'quota_exceeded'; readonly bytesFree: number; readonly filesFree: number };

/** The records as they are, or as they would begin. */
interface Scene {
  /** Undefined for an attachment. */
  readonly avatar: AvatarRecord | undefined;
  readonly organization: OrganizationRecord;
  readonly owner: OwnerRecord;
}

/**
 * Reserves quota and, for an avatar, issues the next generation.
 *
 * Reserved: `contentLength` bytes and one file for an avatar or an attachment, nothing for a render, and one open upload
 * of the organization and of the caller for all. An absent organization starts with `limits`. A refusal writes nothing.
 * Checked in this order: replay, access, organization, render conditions, quota, open uploads.
 */
export const issueUpload: Transition<IssueUploadInput, IssueUploadOutcome> = { reads, decide };

function reads(input: IssueUploadInput, { avatar, request }: Records): Keys {
  const { upload } = input;
  const organizationId = chargedOrganization(input, avatar);
  const user = otherUserKey(upload, organizationId);
  return {
    ...(input.request && { request: requestKey(input.request.keyDigest) }),
    upload: uploadKey(isRemembered(request, input) ? request.uploadId : upload.uploadId),
    ...(upload.kind !== 'attachment' && { avatar: avatarKey(upload.avatar) }),
    ...(upload.kind === 'render' && avatar?.latestUploadId && { latest: uploadKey(avatar.latestUploadId) }),
    organization: organizationKey(organizationId),
    owner: ownerKey(organizationId, upload.ownerId),
    ...(user && { user }),
  };
}

function decide(records: Records, input: IssueUploadInput): Decision<IssueUploadOutcome> {
  const { upload, access } = input;
  const before = earlierAnswer(records, input);
  if (before) return { outcome: before };
  if (access && !meetsAccess(records.avatar, access)) return { outcome: { outcome: 'not_allowed' } };
  const organizationId = chargedOrganization(input, records.avatar);
  const scene: Scene = {
    avatar: records.avatar ?? (upload.kind === 'attachment' ? undefined : newAvatar(upload.avatar, organizationId)),
    organization: records.organization ?? newOrganization(organizationId, input.limits),
    owner: records.owner ?? newOwner(organizationId, upload.ownerId),
  };
  const refusal = refusalOf(records, input, scene);
  if (refusal) return { outcome: refusal };

  const issued = issuedUpload(upload, scene);
  return {
    outcome: { outcome: 'issued', upload: issued },
    writes: {
      upload: create(uploadKey(issued.uploadId), issued),
      ...(scene.avatar && { avatar: nextGeneration(records.avatar, scene.avatar, issued) }),
      ...reserve(records, input, { scene, issued }),
      ...userNotErasing(upload, organizationId),
      ...(input.request && { request: remember(records.request, { ...input.request, uploadId: issued.uploadId }) }),
    },
  };
}

/** Once an avatar is bound, its organization is charged, also for callers of another one. */
function chargedOrganization(input: IssueUploadInput, avatar: AvatarRecord | undefined): string {
  return avatar?.organizationId ?? (input.access ? input.access.organizationId : input.organizationId);
}

function isRemembered(request: RequestRecord | undefined, { now }: IssueUploadInput): request is RequestRecord {
  return request !== undefined && request.expiresAt > now.toISOString();
}

/** A request that was answered before, by its key or, when the caller repeats the very same call, by its upload. */
function earlierAnswer({ request, upload }: Records, input: IssueUploadInput): IssueUploadOutcome | undefined {
  if (input.request && isRemembered(request, input)) {
    if (request.requestDigest !== input.request.requestDigest) return { outcome: 'request_differs' };
    const { uploadId } = request;
    return { outcome: 'replayed', uploadId, upload: upload?.uploadId === uploadId ? upload : undefined };
  }
  return upload?.uploadId === input.upload.uploadId ? { outcome: 'issued', upload } : undefined;
}

function refusalOf(
  records: Records,
  { upload, limits }: IssueUploadInput,
  { avatar, organization, owner }: Scene,
): IssueUploadOutcome | undefined {
  if (organization.state !== 'active') return { outcome: 'organization_closed', state: organization.state };
  if (isErasing(records)) return { outcome: 'organization_closed', state: 'erasing' };
  const obstacle = upload.kind === 'render' ? renderObstacle(avatar, records.latest) : undefined;
  if (obstacle) return obstacle;

  // A render takes no quota, so it passes even where a lowered limit left less than nothing free.
  const { bytesFree, filesFree } = organization;
  const fits = upload.kind === 'render' || (upload.contentLength <= bytesFree && filesFree >= 1);
  if (!fits) return { outcome: 'quota_exceeded', bytesFree, filesFree };

  const { pendingUploads, sentUploads } = owner;
  if (sentUploads >= limits.sentUploads) return { outcome: 'too_many_open', cap: 'sent' };
  const isFull = upload.kind !== 'render' && pendingUploads >= limits.pendingUploads;
  return isFull ? { outcome: 'too_many_open', cap: 'pending' } : undefined;
}

function renderObstacle(
  avatar: AvatarRecord | undefined,
  latest: UploadRecord | undefined,
): IssueUploadOutcome | undefined {
  if (!avatar?.image?.original) return { outcome: 'nothing_to_render' };
  if (!latest || isTerminal(latest.status)) return undefined;
  return { outcome: 'upload_in_progress', uploadId: latest.uploadId };
}

function issuedUpload(upload: NewUpload, { avatar, organization: { organizationId } }: Scene): UploadRecord {
  const issued = { organizationId, status: 'pending', attempts: 0, leases: 0 } as const;
  if (upload.kind === 'attachment') return { ...upload, ...issued, workAt: upload.acceptUntil };
  const generation = (avatar?.generation ?? 0) + 1;
  if (upload.kind === 'avatar') return { ...upload, ...issued, generation, workAt: upload.acceptUntil };
  const { firstLookAt: workAt, ...asked } = upload;
  return { ...asked, ...issued, generation, source: sourceOf(avatar), sentAt: upload.createdAt, workAt };
}

function sourceOf(avatar: AvatarRecord | undefined): RenderSource {
  const { image, readyUploadId } = avatar ?? {};
  if (!avatar || !image?.original || readyUploadId === undefined) throw new RangeError('there is nothing to render');
  const { contentType, eTag } = image.original;
  return {
    uploadId: readyUploadId,
    key: originalKey(avatar, image.folder, AVATAR_TYPES[contentType]),
    ...(eTag !== undefined && { eTag }),
  };
}

function nextGeneration(seen: AvatarRecord | undefined, avatar: AvatarRecord, issued: UploadRecord): Change {
  const { expiresAt, ...kept } = avatar;
  const next = { ...kept, generation: avatar.generation + 1, latestUploadId: issued.uploadId };
  if (!seen) return create(avatarKey(avatar), next);
  // The organization is what the access was judged by, and who pays: a record that was removed may be another's now.
  const decisive = issued.kind === 'render' ? (['readyUploadId'] as const) : [];
  return change(avatarKey(avatar), seen, next, ['generation', 'organizationId', 'expiresAt', ...decisive]);
}

function reserve(
  records: Records,
  { limits }: IssueUploadInput,
  { scene: { organization, owner }, issued }: { readonly scene: Scene; readonly issued: UploadRecord },
): { readonly organization: Adjustment; readonly owner: Adjustment } {
  const { bytes, files } = reservationOf(issued);
  const active: Guard = { field: 'state', equals: 'active' };
  const room: Guard[] = [
    { field: 'bytesFree', atLeast: bytes },
    { field: 'filesFree', atLeast: files },
  ];
  const counter = issued.sentAt === undefined ? 'pendingUploads' : 'sentUploads';
  const belowCaps: Guard[] = [{ field: 'sentUploads', below: limits.sentUploads }];
  if (counter === 'pendingUploads') belowCaps.push({ field: 'pendingUploads', below: limits.pendingUploads });
  return {
    organization: adjust(organizationKey(organization.organizationId), {
      add: { bytesFree: -bytes, filesFree: -files, openUploads: 1, version: 1 },
      guards: files > 0 ? [active, ...room] : [active],
      ...(!records.organization && { create: organization }),
    }),
    owner: adjust(ownerKey(owner.organizationId, owner.ownerId), {
      add: { [counter]: 1 },
      guards: [active, ...belowCaps],
      ...(!records.owner && { create: owner }),
    }),
  };
}

function remember(seen: RequestRecord | undefined, next: RequestRecord): Change {
  const key = requestKey(next.keyDigest);
  return seen ? change(key, seen, next, ['expiresAt', 'uploadId']) : create(key, next);
}

/** An avatar that belongs to `organizationId` and has nothing yet. */
export function newAvatar({ entityType, entityId }: AvatarRef, organizationId: string): AvatarRecord {
  return {
    entityType,
    entityId,
    organizationId,
    generation: 0,
    readyGeneration: 0,
    deletedGeneration: 0,
    chargedBytes: 0,
  };
}

function newOwner(organizationId: string, ownerId: string): OwnerRecord {
  return { organizationId, ownerId, pendingUploads: 0, sentUploads: 0, state: 'active' };
}
