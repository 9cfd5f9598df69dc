import { newOrganization } from '../quota.ts';
import { meetsAccess } from '../record-access.ts';
import { isTerminal, type OrganizationRecord, type OwnerRecord } from '../records.ts';
import type {
  IdempotentRequest,
  IssueUploadInput,
  IssueUploadOutcome,
  NewAttachmentUpload,
  NewUpload,
} from '../upload-store.ts';
import type { Database } from './connection.ts';
import { isBeingErased, openUpload, reservationOf } from './quota.ts';
import {
  type AvatarRow,
  findAvatar,
  findOrganization,
  findOwner,
  findUpload,
  newAvatar,
  type UploadRow,
  uploadOf,
} from './rows.ts';

/** What the ticket would touch, as it stands; absent rows as they would begin. */
interface Scene {
  /** Absent for an attachment. */
  readonly avatar?: AvatarRow;
  readonly organization: OrganizationRecord;
  readonly owner: OwnerRecord;
}

/** MetadataStore.issueUpload: the checks in the port's order, then all writes. */
export function issueUpload(db: Database, input: IssueUploadInput): IssueUploadOutcome {
  const { upload, request } = input;
  const before = earlierAnswer(db, input);
  if (before !== undefined) return before;

  const scene = sceneOf(db, input);
  if (scene === undefined) return { outcome: 'not_allowed' };
  const refusal = refusalOf(db, input, scene);
  if (refusal !== undefined) return refusal;

  const row = issue(db, upload, scene);
  if (request !== undefined) rememberRequest(db, request, upload.uploadId);
  return { outcome: 'issued', upload: uploadOf(row) };
}

/** A request that was answered before, by its key or, when the caller repeats the very same call, by its upload. */
function earlierAnswer(db: Database, { upload, request, now }: IssueUploadInput): IssueUploadOutcome | undefined {
  if (request !== undefined) {
    const answered = findRequest(db, request.keyDigest);
    if (answered !== undefined && answered.expiresAt > now.toISOString()) {
      if (answered.requestDigest !== request.requestDigest) return { outcome: 'request_differs' };
      const { uploadId } = answered;
      const row = findUpload(db, uploadId);
      return { outcome: 'replayed', uploadId, upload: row && uploadOf(row) };
    }
  }
  const row = findUpload(db, upload.uploadId);
  return row && { outcome: 'issued', upload: uploadOf(row) };
}

/** Undefined: not what the caller may act on. */
function sceneOf(db: Database, input: IssueUploadInput): Scene | undefined {
  if (!input.access) return payersOf(db, input, input.organizationId);
  const { upload, access } = input;
  const known = findAvatar(db, upload.avatar);
  if (!meetsAccess(known, access)) return undefined;
  const avatar = known ?? newAvatar(upload.avatar, access.organizationId);
  // Once the avatar is bound its organization pays, whoever asks.
  return { avatar, ...payersOf(db, input, avatar.organizationId) };
}

function payersOf(db: Database, { upload: { ownerId }, limits }: IssueUploadInput, organizationId: string) {
  return {
    organization: findOrganization(db, organizationId) ?? newOrganization(organizationId, limits),
    owner: findOwner(db, organizationId, ownerId) ?? { organizationId, ownerId, openUploads: 0, state: 'active' },
  } satisfies Scene;
}

function refusalOf(db: Database, input: IssueUploadInput, scene: Scene): IssueUploadOutcome | undefined {
  const { upload, limits } = input;
  const { organization, owner } = scene;
  if (organization.state !== 'active') return { outcome: 'organization_closed', state: organization.state };
  if (isBeingErased(db, owner, scene.avatar)) return { outcome: 'organization_closed', state: 'erasing' };

  const obstacle = upload.kind === 'render' ? renderObstacle(db, scene.avatar) : undefined;
  if (obstacle !== undefined) return obstacle;

  if (owner.openUploads >= limits.openUploadsPerOwner) {
    return { outcome: 'too_many_open', openUploads: owner.openUploads };
  }
  // A render takes no quota, so it passes even where a lowered limit left less than nothing free.
  const { bytesFree, filesFree } = organization;
  const fits = upload.kind === 'render' || (upload.contentLength <= bytesFree && filesFree >= 1);
  return fits ? undefined : { outcome: 'quota_exceeded', bytesFree, filesFree };
}

function renderObstacle(db: Database, avatar: AvatarRow | undefined): IssueUploadOutcome | undefined {
  if (avatar === undefined || avatar.readyGeneration === 0) return { outcome: 'nothing_to_render' };
  const latest = avatar.latestUploadId === null ? undefined : findUpload(db, avatar.latestUploadId);
  if (latest === undefined || isTerminal(latest.status)) return undefined;
  return { outcome: 'upload_in_progress', uploadId: latest.uploadId };
}

function issue(db: Database, upload: NewUpload, { avatar, organization, owner }: Scene): UploadRow {
  const generation = (avatar?.generation ?? 0) + 1;
  const row = rowOf(upload, organization.organizationId, generation);
  if (avatar) db.put('avatars', { ...avatar, generation, latestUploadId: upload.uploadId, expiresAt: null });
  db.put('uploads', row);
  openUpload(db, organization, owner, reservationOf(row));
  return row;
}

function rowOf(upload: NewUpload, organizationId: string, generation: number): UploadRow {
  const sent = upload.kind === 'render' ? undefined : upload;
  const columns = {
    uploadId: upload.uploadId,
    organizationId,
    ownerId: upload.ownerId,
    key: sent?.key ?? null,
    method: sent?.method ?? null,
    contentType: sent?.contentType ?? null,
    contentLength: sent?.contentLength ?? null,
    checksumSha256: sent?.checksumSha256 ?? null,
    urlExpiresAt: sent?.urlExpiresAt ?? null,
    acceptUntil: sent?.acceptUntil ?? null,
    status: 'pending',
    code: null,
    attempts: 0,
    leaseId: null,
    leaseUntil: null,
    eTag: null,
    createdAt: upload.createdAt,
    finishedAt: null,
    workAt: upload.kind === 'render' ? upload.firstLookAt : upload.acceptUntil,
    expiresAt: null,
  } as const;
  if (upload.kind === 'attachment') {
    const attachment = JSON.stringify(besidesColumns(upload));
    return {
      ...columns,
      kind: 'attachment',
      entityType: null,
      entityId: null,
      generation: null,
      crop: null,
      attachment,
    };
  }
  const { kind, avatar, crop } = upload;
  return { ...columns, kind, ...avatar, generation, crop: crop ? JSON.stringify(crop) : null, attachment: null };
}

function besidesColumns(upload: NewAttachmentUpload) {
  const { filename, visibility, contextId, draft, metadata, keepMetadata, multipart } = upload;
  return { filename, visibility, contextId, draft, metadata, keepMetadata, multipart };
}

interface RequestRow extends IdempotentRequest {
  readonly uploadId: string;
}

function findRequest(db: Database, keyDigest: string): RequestRow | undefined {
  return db.get<RequestRow>('SELECT * FROM requests WHERE keyDigest = :keyDigest', { keyDigest });
}

function rememberRequest(db: Database, { keyDigest, requestDigest, expiresAt }: IdempotentRequest, uploadId: string) {
  db.put('requests', { keyDigest, requestDigest, uploadId, expiresAt });
}
