import { RETENTION } from '../metadata-store.ts';
import { instantAfter, isTerminal, type UploadRecord } from '../records.ts';
import type {
  BeginUploadInput,
  BeginUploadOutcome,
  LeaseInput,
  RedriveUploadInput,
  RenewTicketInput,
  RenewTicketOutcome,
} from '../upload-store.ts';
import type { DynamoDbTable } from './dynamodb-table.ts';
import { avatarPk, findUpload, recordOf, uploadPk } from './items.ts';

/** MetadataStore.beginUpload. */
export async function beginUpload(table: DynamoDbTable, input: BeginUploadInput): Promise<BeginUploadOutcome> {
  const { uploadId, leaseId, leaseUntil, eTag, now } = input;
  const written = await table.write({
    pk: uploadPk(uploadId),
    condition: `#status IN (:pending, :processing) AND (attribute_not_exists(#leaseId)
      OR (#leaseId <> :leaseId AND #leaseUntil < :now))`,
    update: `SET #status = :processing, #attempts = #attempts + :one, #leaseId = :leaseId, #leaseUntil = :leaseUntil,
      #workAt = :leaseUntil${eTag === undefined ? '' : ', #eTag = if_not_exists(#eTag, :eTag)'}`,
    values: {
      pending: 'pending',
      processing: 'processing',
      leaseId,
      leaseUntil,
      eTag,
      now: now.toISOString(),
      one: 1,
    },
  });
  if (written.item === undefined) return { outcome: 'unknown' };
  const upload = recordOf<UploadRecord>(written.item);
  if (isTerminal(upload.status)) return { outcome: 'finished', upload };
  return upload.leaseId === leaseId ? { outcome: 'begun', upload } : { outcome: 'busy' };
}

/** Whether this worker may still act on the upload. A lapsed lease counts until another worker took it over. */
export function holdsLease<Upload extends UploadRecord>(upload: Upload | undefined, leaseId: string): upload is Upload {
  return upload?.status === 'processing' && upload.leaseId === leaseId;
}

/** `holdsLease` as a condition, and its values. */
export const HOLDS_LEASE = '#status = :processing AND #leaseId = :leaseId';
export const leaseValues = (leaseId: string) => ({ processing: 'processing', leaseId });

/**
 * MetadataStore.releaseLease. The lease is dropped, not only ended: repeating the call must not take a second attempt
 * off, and the next worker need not wait for the clock to move on.
 */
export async function releaseLease(
  table: DynamoDbTable,
  { uploadId, leaseId, now }: LeaseInput,
): Promise<'released' | 'lost_lease'> {
  const { done } = await table.write({
    pk: uploadPk(uploadId),
    condition: HOLDS_LEASE,
    update: 'SET #attempts = #attempts - :one, #workAt = :workAt REMOVE #leaseId, #leaseUntil',
    values: { ...leaseValues(leaseId), one: 1, workAt: instantAfter(now, RETENTION.releaseDelay) },
  });
  return done ? 'released' : 'lost_lease';
}

/** MetadataStore.claimAvatar. */
export function claimAvatar(
  table: DynamoDbTable,
  { uploadId, leaseId }: LeaseInput,
): Promise<'claimed' | 'superseded' | 'lost_lease'> {
  return table.untilSettled(async () => {
    const upload = await findUpload(table, uploadId);
    if (!holdsLease(upload, leaseId) || upload.kind === 'attachment') return 'lost_lease';
    const claimed = await table.transact({
      upload: { pk: uploadPk(uploadId), condition: HOLDS_LEASE, values: leaseValues(leaseId) },
      avatar: {
        pk: avatarPk(upload.avatar),
        condition: '#claimedGeneration <= :generation AND #deletedGeneration < :generation',
        update: 'SET #claimedGeneration = :generation',
        values: { generation: upload.generation },
      },
    });
    if (claimed.done) return 'claimed';
    return claimed.failed.has('avatar') && !claimed.failed.has('upload') ? 'superseded' : undefined;
  });
}

/** MetadataStore.renewTicket. A render has no ticket and is unknown here. */
export async function renewTicket(table: DynamoDbTable, input: RenewTicketInput): Promise<RenewTicketOutcome> {
  const { uploadId, urlExpiresAt, acceptUntil, now } = input;
  const written = await table.write({
    pk: uploadPk(uploadId),
    condition: '#kind <> :render AND #status = :pending AND #createdAt > :oldest',
    update: 'SET #urlExpiresAt = :urlExpiresAt, #acceptUntil = :acceptUntil, #workAt = :acceptUntil',
    values: {
      render: 'render',
      pending: 'pending',
      oldest: instantAfter(now, -RETENTION.renewable),
      urlExpiresAt,
      acceptUntil,
    },
  });
  const upload = written.item && recordOf<UploadRecord>(written.item);
  if (upload === undefined || upload.kind === 'render') return { outcome: 'unknown' };
  return written.done ? { outcome: 'renewed', upload } : { outcome: 'finished', status: upload.status };
}

/** MetadataStore.redriveUpload. */
export async function redriveUpload(
  table: DynamoDbTable,
  { uploadId, seenWorkAt, now }: RedriveUploadInput,
): Promise<'redriven' | 'stale'> {
  const { done } = await table.write({
    pk: uploadPk(uploadId),
    // A finished upload has no workAt, so what was seen cannot be equal.
    condition: '#workAt = :seen',
    update: 'SET #workAt = :workAt',
    values: { seen: seenWorkAt, workAt: instantAfter(now, RETENTION.redriveDelay) },
  });
  // Also stale: the answer to this very write was lost, and its repetition met it. It is due again in 15 minutes.
  return done ? 'redriven' : 'stale';
}
