import type { RejectionCode } from '../../errors.ts';
import type { AvatarRef, EntityType, StorageKey } from '../../storage/object-keys.ts';
import type {
  AttachmentUpload,
  AvatarRecord,
  Instant,
  OrganizationRecord,
  OwnerRecord,
  UploadRecord,
  UploadStatus,
} from '../records.ts';
import type { Database } from './connection.ts';

/** A row holds null where its record leaves the field out. `expiresAt` is in no record. */
export type UploadRow = UploadColumns & (ForAvatar | ForAttachment);

type UploadColumns = {
  readonly uploadId: string;
  readonly organizationId: string;
  readonly ownerId: string;
  readonly key: StorageKey | null;
  readonly method: AttachmentUpload['method'] | null;
  readonly contentType: string | null;
  readonly contentLength: number | null;
  readonly checksumSha256: string | null;
  readonly urlExpiresAt: Instant | null;
  readonly acceptUntil: Instant | null;
  readonly status: UploadStatus;
  readonly code: RejectionCode | null;
  readonly attempts: number;
  /** Kept when the upload ends: it tells who ended it. */
  readonly leaseId: string | null;
  readonly leaseUntil: Instant | null;
  readonly eTag: string | null;
  readonly createdAt: Instant;
  readonly finishedAt: Instant | null;
  readonly workAt: Instant | null;
  readonly expiresAt: Instant | null;
};

type ForAvatar = {
  readonly kind: 'avatar' | 'render';
  readonly entityType: EntityType;
  readonly entityId: string;
  readonly generation: number;
  /** JSON. */
  readonly crop: string | null;
  readonly attachment: null;
};

type ForAttachment = {
  readonly kind: 'attachment';
  readonly entityType: null;
  readonly entityId: null;
  readonly generation: null;
  readonly crop: null;
  /** JSON: what an attachment's upload has besides. */
  readonly attachment: string;
};

export type AvatarRow = {
  readonly entityType: EntityType;
  readonly entityId: string;
  readonly organizationId: string;
  readonly ownerId: string | null;
  readonly generation: number;
  readonly latestUploadId: string | null;
  readonly claimedGeneration: number;
  readonly readyGeneration: number;
  readonly deletedGeneration: number;
  readonly chargedBytes: number;
  /** JSON. */
  readonly image: string | null;
  readonly purge: 'first' | 'second' | null;
  readonly workAt: Instant | null;
  readonly expiresAt: Instant | null;
};

export function findUpload(db: Database, uploadId: string): UploadRow | undefined {
  return db.get<UploadRow>('SELECT * FROM uploads WHERE uploadId = :uploadId', { uploadId });
}

export function findAvatar(db: Database, { entityType, entityId }: AvatarRef): AvatarRow | undefined {
  return db.get<AvatarRow>('SELECT * FROM avatars WHERE entityType = :entityType AND entityId = :entityId', {
    entityType,
    entityId,
  });
}

export function findOrganization(db: Database, organizationId: string): OrganizationRecord | undefined {
  const row = db.get<OrganizationRecord>('SELECT * FROM organizations WHERE organizationId = :organizationId', {
    organizationId,
  });
  return row && { ...row };
}

export function findOwner(db: Database, organizationId: string, ownerId: string): OwnerRecord | undefined {
  const row = db.get<OwnerRecord>(
    'SELECT * FROM owners WHERE organizationId = :organizationId AND ownerId = :ownerId',
    { organizationId, ownerId },
  );
  return row && { ...row };
}

/** The upload as the port shows it. */
export function uploadOf(row: UploadRow): UploadRecord {
  const { entityType, entityId, crop, attachment, expiresAt, ...fields } = row;
  const subject =
    attachment === null ? { avatar: { entityType, entityId }, crop: parsed(crop) } : JSON.parse(attachment);
  return withoutNulls({ ...fields, ...subject }) as UploadRecord;
}

/** The avatar as the port shows it. */
export function avatarOf(row: AvatarRow): AvatarRecord {
  const { image, expiresAt, ...fields } = row;
  return withoutNulls({ ...fields, image: parsed(image) }) as AvatarRecord;
}

/** An avatar that belongs to `organizationId` and has nothing yet. A user's avatar is owned by that user. */
export function newAvatar({ entityType, entityId }: AvatarRef, organizationId: string): AvatarRow {
  return {
    entityType,
    entityId,
    organizationId,
    ownerId: entityType === 'users' ? entityId : null,
    generation: 0,
    latestUploadId: null,
    claimedGeneration: 0,
    readyGeneration: 0,
    deletedGeneration: 0,
    chargedBytes: 0,
    image: null,
    purge: null,
    workAt: null,
    expiresAt: null,
  };
}

function parsed(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}

function withoutNulls(fields: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
