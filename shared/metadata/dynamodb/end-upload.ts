import type { RejectionCode } from '../../errors.ts';
import type { PublishAvatarInput } from '../avatar-store.ts';
import { NOTHING, type Share } from '../quota.ts';
import type { AvatarImage, AvatarRecord, Instant, UploadForAvatar, UploadRecord, UploadStatus } from '../records.ts';
import type { AbortUploadOutcome, LeaseInput, RejectUploadInput } from '../upload-store.ts';
import type { DynamoDbTable } from './dynamodb-table.ts';
import { avatarPk, expiryOf, findAvatar, findUpload, uploadPk } from './items.ts';
import { HOLDS_LEASE, holdsLease, leaseValues } from './leases.ts';
import { release, reservationOf, unlessErasing, userNotErasing } from './quota.ts';
import { type Check, IS_ABSENT, type Update } from './writes.ts';

/** MetadataStore.publishAvatar. */
export function publishAvatar(
  table: DynamoDbTable,
  input: PublishAvatarInput,
): Promise<'published' | 'superseded' | 'lost_lease'> {
  const { uploadId, leaseId, now } = input;
  return table.untilSettled(async () => {
    const upload = await findUpload(table, uploadId);
    if (upload === undefined || upload.kind === 'attachment') return 'lost_lease';
    if (wasEndedBy(upload, leaseId, 'ready')) return 'published';
    if (!holdsLease(upload, leaseId)) return 'lost_lease';
    const avatar = await findAvatar(table, upload.avatar);
    if (avatar === undefined || !stillLeads(upload, avatar)) return 'superseded';

    const { organization, owner } = release(upload, replacedShare(upload, avatar));
    const ended = await table.transact({
      upload: endingUnderLease(input, { status: 'ready', now }),
      avatar: newPicture(upload, avatar, input),
      organization: unlessErasing(organization),
      owner: unlessErasing(owner),
      user: userNotErasing(upload),
    });
    if (ended.done) return 'published';
    // The upload or the avatar may have changed since it was read. On the others stands only whether they are erased.
    const { failed } = ended;
    return failed.size === 0 || failed.has('upload') || failed.has('avatar') ? undefined : 'superseded';
  });
}

function stillLeads({ generation }: UploadForAvatar, avatar: AvatarRecord): boolean {
  return avatar.claimedGeneration === generation && avatar.deletedGeneration < generation;
}

/**
 * What the organization gets back when the upload takes the published picture's place. A render always finds a
 * picture, and takes over its charge: only a delete removes pictures, and a delete outruns every render before it.
 */
function replacedShare(upload: UploadForAvatar, avatar: AvatarRecord): Share {
  if (upload.kind === 'render' || avatar.readyGeneration === 0) return NOTHING;
  return { bytes: avatar.chargedBytes, files: 1 };
}

function newPicture(upload: UploadForAvatar, avatar: AvatarRecord, { image, now }: PublishAvatarInput): Update {
  const { uploadId, generation } = upload;
  const published: AvatarImage = { ...image, readyUploadId: uploadId, updatedAt: now.toISOString() };
  return {
    pk: avatarPk(upload.avatar),
    condition:
      '#claimedGeneration = :generation AND #deletedGeneration < :generation AND #readyGeneration = :readyGeneration',
    update: 'SET #readyGeneration = :generation, #chargedBytes = :chargedBytes, #image = :image REMOVE #ttl',
    values: {
      generation,
      readyGeneration: avatar.readyGeneration,
      // A render has no length of its own: the charge of the picture it was made from stays.
      chargedBytes: upload.kind === 'render' ? avatar.chargedBytes : upload.contentLength,
      image: published,
    },
  };
}

/** MetadataStore.rejectUpload. */
export function rejectUpload(
  table: DynamoDbTable,
  input: RejectUploadInput,
): Promise<'rejected' | 'claimed' | 'lost_lease'> {
  const { uploadId, leaseId, code, nothingWritten, now } = input;
  return table.untilSettled(async () => {
    const upload = await findUpload(table, uploadId);
    if (wasEndedBy(upload, leaseId, 'rejected')) return 'rejected';
    if (!holdsLease(upload, leaseId)) return 'lost_lease';
    const ended = await table.transact({
      upload: endingUnderLease(input, { status: 'rejected', code, now }),
      avatar: nothingWritten || upload.kind === 'attachment' ? undefined : notClaimed(upload),
      ...release(upload, reservationOf(upload)),
    });
    if (ended.done) return 'rejected';
    return ended.failed.has('avatar') && !ended.failed.has('upload') ? 'claimed' : undefined;
  });
}

function notClaimed({ avatar, generation }: UploadForAvatar): Check {
  return {
    pk: avatarPk(avatar),
    condition: `${IS_ABSENT} OR #claimedGeneration <> :generation`,
    values: { generation },
  };
}

/** MetadataStore.supersedeUpload. */
export function supersedeUpload(table: DynamoDbTable, input: LeaseInput): Promise<'superseded' | 'lost_lease'> {
  const { uploadId, leaseId, now } = input;
  return table.untilSettled(async () => {
    const upload = await findUpload(table, uploadId);
    if (wasEndedBy(upload, leaseId, 'superseded')) return 'superseded';
    if (!holdsLease(upload, leaseId)) return 'lost_lease';
    const { done } = await table.transact({
      upload: endingUnderLease(input, { status: 'superseded', now }),
      ...release(upload, reservationOf(upload)),
    });
    return done ? 'superseded' : undefined;
  });
}

/** The same worker ended it the same way: its answer was lost, and it asks again. */
export function wasEndedBy(upload: UploadRecord | undefined, leaseId: string, status: UploadStatus): boolean {
  return upload?.status === status && upload.leaseId === leaseId;
}

/** MetadataStore.expireUpload. A render has no acceptUntil and is never due. */
export function expireUpload(
  table: DynamoDbTable,
  { uploadId, now }: { readonly uploadId: string; readonly now: Date },
): Promise<'expired' | 'not_due'> {
  return table.untilSettled(async () => {
    const upload = await findUpload(table, uploadId);
    if (upload?.status !== 'pending' || upload.kind === 'render') return 'not_due';
    if (upload.acceptUntil >= now.toISOString()) return 'not_due';
    return (await endPending(table, upload, 'expired', now)) && 'expired';
  });
}

/** MetadataStore.abortUpload. */
export function abortUpload(
  table: DynamoDbTable,
  { uploadId, now }: { readonly uploadId: string; readonly now: Date },
): Promise<AbortUploadOutcome> {
  return table.untilSettled(async () => {
    const upload = await findUpload(table, uploadId);
    if (upload === undefined) return { outcome: 'unknown' };
    if (upload.status !== 'pending') return { outcome: 'finished', status: upload.status };
    const aborted = await endPending(table, upload, 'aborted', now);
    return aborted && { outcome: 'aborted', upload: aborted };
  });
}

/** The upload as it ended. Undefined: it has begun, ended or been signed again since it was read. */
async function endPending(
  table: DynamoDbTable,
  upload: UploadRecord,
  status: 'expired' | 'aborted',
  now: Date,
): Promise<UploadRecord | undefined> {
  const { workAt, ...seen } = upload;
  const { done } = await table.transact({
    upload: ending(upload.uploadId, {
      status,
      now,
      condition: '#status = :pending AND #workAt = :seen',
      values: { pending: 'pending', seen: workAt },
    }),
    ...release(upload, reservationOf(upload)),
  });
  return done ? { ...seen, status, finishedAt: now.toISOString() } : undefined;
}

interface Ending {
  readonly status: UploadStatus;
  /** Only with `rejected`. */
  readonly code?: RejectionCode;
  readonly now: Date;
}

export function endingUnderLease({ uploadId, leaseId }: LeaseInput, how: Ending): Update {
  return ending(uploadId, { ...how, condition: HOLDS_LEASE, values: leaseValues(leaseId) });
}

/** The one way an upload ends: terminal and no longer due. Its lease stays, to tell who ended it. */
function ending(
  uploadId: string,
  { status, code, now, condition, values }: Ending & Pick<Update, 'values'> & { readonly condition: string },
): Update {
  const finishedAt: Instant = now.toISOString();
  return {
    pk: uploadPk(uploadId),
    condition,
    update: `SET #status = :status, #finishedAt = :finishedAt, #ttl = :ttl${code === undefined ? '' : ', #code = :code'}
      REMOVE #workPk, #workAt`,
    values: { ...values, status, code, finishedAt, ttl: expiryOf(now) },
  };
}
