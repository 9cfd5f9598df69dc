import { changeAttachment, newAttachment } from '../attachment-changes.ts';
import type {
  MarkAttachmentDeletedInput,
  MarkAttachmentDeletedOutcome,
  PublishAttachmentInput,
  UpdateAttachmentInput,
  UpdateAttachmentOutcome,
} from '../attachment-store.ts';
import { NOTHING } from '../quota.ts';
import { meetsAttachmentAccess } from '../record-access.ts';
import type { AttachmentRecord } from '../records.ts';
import type { DynamoDbTable } from './dynamodb-table.ts';
import { endingUnderLease, wasEndedBy } from './end-upload.ts';
import { attachmentItem, attachmentPk, findAttachment, findUpload, hiddenKey, shardOf } from './items.ts';
import { holdsLease } from './leases.ts';
import { credit, release, unlessErasing } from './quota.ts';
import { IS_ABSENT, type Update } from './writes.ts';

/** MetadataStore.publishAttachment. */
export function publishAttachment(
  table: DynamoDbTable,
  input: PublishAttachmentInput,
): Promise<'published' | 'superseded' | 'lost_lease'> {
  const { uploadId, leaseId, now } = input;
  return table.untilSettled(async () => {
    const upload = await findUpload(table, uploadId);
    if (upload?.kind !== 'attachment') return 'lost_lease';
    if (wasEndedBy(upload, leaseId, 'ready')) return 'published';
    if (!holdsLease(upload, leaseId)) return 'lost_lease';

    const { organization, owner } = release(upload, NOTHING);
    const ended = await table.transact({
      upload: endingUnderLease(input, { status: 'ready', now }),
      file: { put: attachmentItem(newAttachment(upload, input), shardOf(table.random())), condition: IS_ABSENT },
      organization: unlessErasing(organization),
      owner: unlessErasing(owner),
    });
    if (ended.done) return 'published';
    // The upload may have changed since it was read. On the others stands only whether they are erased.
    const { failed } = ended;
    return failed.size === 0 || failed.has('upload') || failed.has('file') ? undefined : 'superseded';
  });
}

/** MetadataStore.markAttachmentDeleted. */
export function markAttachmentDeleted(
  table: DynamoDbTable,
  { fileId, access, now }: MarkAttachmentDeletedInput,
): Promise<MarkAttachmentDeletedOutcome> {
  return table.untilSettled(async () => {
    const file = await findAttachment(table, fileId);
    if (file === undefined) return 'absent';
    if (!meetsAttachmentAccess(file, access)) return 'not_allowed';
    if (file.status === 'deleting') return 'deleted';
    const { done } = await table.transact({ file: deleting(table, file, now), ...creditOf(file) });
    return done ? 'deleted' : undefined;
  });
}

/** MetadataStore.expireDraft. */
export function expireDraft(
  table: DynamoDbTable,
  { fileId, now }: { readonly fileId: string; readonly now: Date },
): Promise<'expired' | 'not_due'> {
  return table.untilSettled(async () => {
    const file = await findAttachment(table, fileId);
    const due = file?.status === 'ready' && file.workAt !== undefined && file.workAt <= now.toISOString();
    if (!due) return 'not_due';
    const { done } = await table.transact({ file: deleting(table, file, now), ...creditOf(file) });
    return done ? 'expired' : undefined;
  });
}

/** Out of every list and due now, if it is still what was seen: a draft may be sent and become everyone's meanwhile. */
function deleting(table: DynamoDbTable, file: AttachmentRecord, now: Date): Update {
  return {
    pk: attachmentPk(file.fileId),
    condition: '#status = :ready AND #draft = :draft',
    update: `SET #status = :deleting, #workPk = :shard, #workAt = :now, #orgSk = :hidden, #ownerSk = :hidden${
      file.contextId === undefined ? '' : ', #contextSk = :hidden'
    }`,
    values: {
      ready: 'ready',
      draft: file.draft,
      deleting: 'deleting',
      shard: shardOf(table.random()),
      now: now.toISOString(),
      hidden: hiddenKey(file),
    },
  };
}

function creditOf({ organizationId, chargedBytes }: AttachmentRecord) {
  return { organization: credit(organizationId, { bytes: chargedBytes, files: 1 }) };
}

/** MetadataStore.forgetAttachment. */
export async function forgetAttachment(
  table: DynamoDbTable,
  { fileId }: { readonly fileId: string },
): Promise<'forgotten' | 'not_deleted'> {
  const removed = await table.remove({
    pk: attachmentPk(fileId),
    condition: `${IS_ABSENT} OR #status = :deleting`,
    values: { deleting: 'deleting' },
  });
  return removed ? 'forgotten' : 'not_deleted';
}

/** MetadataStore.updateAttachment. */
export function updateAttachment(table: DynamoDbTable, input: UpdateAttachmentInput): Promise<UpdateAttachmentOutcome> {
  return table.untilSettled(async () => {
    const seen = await findAttachment(table, input.fileId);
    const change = changeAttachment(seen, input);
    if (change.outcome !== 'updated') return change;
    const { done } = await table.write({
      put: attachmentItem(change.file, shardOf(table.random())),
      // Every change counts the revision up, and a delete ends `ready`.
      condition: '#status = :ready AND #revision = :seen',
      values: { ready: 'ready', seen: change.file.revision - 1 },
    });
    return done ? change : undefined;
  });
}
