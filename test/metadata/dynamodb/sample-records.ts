import { randomUUID } from 'node:crypto';
import type {
  AttachmentRecord,
  AttachmentUpload,
  AvatarRecord,
  AvatarUpload,
  OrganizationRecord,
  OwnerRecord,
  RequestRecord,
  RetiredVersion,
} from '../../../shared/metadata/records.ts';
import { storageKeyOf, temporaryKey } from '../../../shared/storage/object-keys.ts';

/** Instants of one day: `at(8)` is 8 o'clock. */
export const at = (hour: number): string => new Date(Date.UTC(2026, 10, 27, hour)).toISOString();

/** An avatar with every id a UUID, its image cropped and as many replaced versions as are kept, due for removal. */
export function fullAvatar(changes: Partial<AvatarRecord> = {}): AvatarRecord {
  const readyUploadId = randomUUID();
  const bytes = { webp: 12_345, jpg: 23_456 };
  return {
    entityType: 'agents',
    entityId: randomUUID(),
    organizationId: randomUUID(),
    generation: 1_234_567_890,
    latestUploadId: randomUUID(),
    readyGeneration: 1_234_567_889,
    readyUploadId,
    deletedGeneration: 1_234_567_880,
    chargedBytes: 5_368_709_121,
    image: {
      folder: readyUploadId,
      original: {
        contentType: 'image/jpeg',
        bytes: 5_368_709_121,
        eTag: '"d41d8cd98f00b204e9800998ecf8427e"',
        width: 12_345,
        height: 12_345,
      },
      sizes: { small: bytes, medium: bytes, large: bytes },
      crop: { x: 1 / 3, y: 1 / 7, size: 5 / 7 },
      thumbHash: 'YJqGPQw7sFlslqhFafSE+Q6oJ1h2iHB2Rw==',
      updatedAt: at(8),
    },
    retired: [retiredVersion(9), retiredVersion(10), retiredVersion(11)],
    workAt: at(9),
    ...changes,
  };
}

export function retiredVersion(hour: number): RetiredVersion {
  return { folder: randomUUID(), original: 'jpg', removeAt: at(hour) };
}

/** An upload with every id a UUID, and all that a client can ask for. */
export function avatarUpload(changes: Partial<AvatarUpload> = {}): AvatarUpload {
  const uploadId = randomUUID();
  return {
    kind: 'avatar',
    uploadId,
    organizationId: randomUUID(),
    ownerId: randomUUID(),
    avatar: { entityType: 'agents', entityId: randomUUID() },
    generation: 1_234_567_890,
    crop: { x: 1 / 3, y: 1 / 7, size: 5 / 7 },
    status: 'pending',
    attempts: 0,
    leases: 0,
    createdAt: at(8),
    workAt: at(9),
    key: temporaryKey(uploadId),
    method: 'PUT',
    contentType: 'image/jpeg',
    contentLength: 5_368_709_121,
    checksumSha256: 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=',
    urlExpiresAt: at(8),
    acceptUntil: at(9),
    ...changes,
  };
}

export function attachmentUpload(changes: Partial<AttachmentUpload> = {}): AttachmentUpload {
  const uploadId = randomUUID();
  return {
    kind: 'attachment',
    uploadId,
    organizationId: randomUUID(),
    ownerId: randomUUID(),
    status: 'pending',
    attempts: 0,
    leases: 0,
    createdAt: at(8),
    workAt: at(9),
    key: temporaryKey(uploadId),
    method: 'PUT',
    contentType: 'application/pdf',
    contentLength: 10,
    urlExpiresAt: at(8),
    acceptUntil: at(9),
    filename: 'minutes.pdf',
    visibility: 'organization',
    contextId: 'room #7',
    draft: false,
    keepMetadata: false,
    ...changes,
  };
}

export function attachment(changes: Partial<AttachmentRecord> = {}): AttachmentRecord {
  const fileId = randomUUID();
  return {
    fileId,
    status: 'ready',
    organizationId: randomUUID(),
    ownerId: randomUUID(),
    filename: 'minutes.pdf',
    visibility: 'organization',
    contextId: 'room #7',
    draft: false,
    metadata: { page: '1' },
    keepMetadata: false,
    key: storageKeyOf(`attachments/2026/11/${fileId}.pdf`),
    eTag: 'e1',
    contentType: 'application/pdf',
    declaredType: 'application/pdf',
    size: 10,
    chargedBytes: 10,
    metadataStripped: false,
    createdAt: at(8),
    revision: 1,
    ...changes,
  };
}

export function organization(changes: Partial<OrganizationRecord> = {}): OrganizationRecord {
  return {
    organizationId: randomUUID(),
    bytesLimit: 100,
    bytesFree: 100,
    filesLimit: 10,
    filesFree: 10,
    openUploads: 0,
    version: 1,
    state: 'active',
    ...changes,
  };
}

export function owner(changes: Partial<OwnerRecord> = {}): OwnerRecord {
  return {
    organizationId: randomUUID(),
    ownerId: 'auth0|ada#7',
    pendingUploads: 1,
    sentUploads: 0,
    state: 'active',
    ...changes,
  };
}

export function request(): RequestRecord {
  return { keyDigest: randomUUID(), requestDigest: 'a body', uploadId: randomUUID(), expiresAt: at(10) };
}
