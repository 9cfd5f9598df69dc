import { cursorOf, positionOf } from '../../shared/metadata/list-position.ts';
import { avatarShareOf, NOTHING, reservationOf, type Share } from '../../shared/metadata/quota.ts';
import { attachmentKey, avatarKey, uploadKey } from '../../shared/metadata/record-keys.ts';
import type {
  AttachmentPage,
  DueSubject,
  DueWork,
  DueWorkPage,
  ListAttachmentsInput,
  RecordStore,
} from '../../shared/metadata/record-store.ts';
import {
  type AttachmentRecord,
  type AvatarRecord,
  isTerminal,
  type UploadRecord,
} from '../../shared/metadata/records.ts';

/** What the searches look through. They look at everything: it is in memory, and there is little of it. */
export interface Searched {
  readonly uploads: Iterable<UploadRecord>;
  readonly avatars: Iterable<AvatarRecord>;
  readonly attachments: Iterable<AttachmentRecord>;
}

export const SHARDS = 4;

/** The shard of what can become due. */
export function shardOf(subject: DueSubject): number {
  let sum = 0;
  for (const character of idOf(subject)) sum += character.charCodeAt(0);
  return sum % SHARDS;
}

/** `{kind} {id}`: where two pieces of work that are due at the same time stand in the order. */
function idOf(subject: DueSubject): string {
  if (subject.kind === 'upload') return `upload ${subject.uploadId}`;
  return subject.kind === 'avatar'
    ? `avatar ${subject.entityType}/${subject.entityId}`
    : `attachment ${subject.fileId}`;
}

/** Everything that is due, in no order. */
export function* dueAt(searched: Searched, now: Date): Generator<DueWork> {
  const isDue = (workAt: string | undefined) => workAt !== undefined && workAt <= now.toISOString();
  const workOf = (subject: unknown, workAt: string | undefined) => ({ ...(subject as DueSubject), workAt }) as DueWork;
  for (const { uploadId, workAt } of searched.uploads) if (isDue(workAt)) yield workOf(uploadKey(uploadId), workAt);
  for (const avatar of searched.avatars) if (isDue(avatar.workAt)) yield workOf(avatarKey(avatar), avatar.workAt);
  for (const { fileId, workAt } of searched.attachments) if (isDue(workAt)) yield workOf(attachmentKey(fileId), workAt);
}

/** RecordStore.dueWork. The cursor is `{workAt} {kind} {id}` of the last one. */
export function dueWork(
  searched: Searched,
  { shard, now, limit, cursor }: Parameters<RecordStore['dueWork']>[0],
): DueWorkPage {
  if (cursor !== undefined && !/^\S+Z (?:upload|avatar|attachment) \S+$/.test(cursor)) {
    throw new RangeError(`"${cursor}" is not a cursor of due work`);
  }
  const places = [...dueAt(searched, now)]
    .filter((work) => shardOf(work) === shard)
    .map((work) => ({ work, place: `${work.workAt} ${idOf(work)}` }))
    .filter(({ place }) => cursor === undefined || place > cursor)
    .sort((one, other) => (one.place < other.place ? -1 : 1));
  const page = places.slice(0, limit);
  const items = page.map(({ work }) => work);
  const last = page.at(-1);
  return places.length > limit && last ? { items, cursor: last.place } : { items };
}

/** RecordStore.openUploads. */
export function openUploads(
  { uploads }: Searched,
  { organizationId, ownerId }: Parameters<RecordStore['openUploads']>[0],
): readonly UploadRecord[] {
  const placeOf = ({ createdAt, uploadId }: UploadRecord) => `${createdAt} ${uploadId}`;
  return [...uploads]
    .filter((upload) => upload.organizationId === organizationId && upload.ownerId === ownerId)
    .filter(({ status }) => !isTerminal(status))
    .sort((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1))
    .slice(0, 100);
}

/** RecordStore.listAttachments. Its pages are full, but for the last one. */
export function listAttachments({ attachments }: Searched, input: ListAttachmentsInput): AttachmentPage {
  const { limit, cursor } = input;
  const after = cursor === undefined ? undefined : cursorOf(positionOf(cursor));
  const found = [...attachments]
    .filter((file) => isListed(file, input) && (after === undefined || cursorOf(file) < after))
    .sort((one, other) => (cursorOf(one) > cursorOf(other) ? -1 : 1));
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > limit && last ? { items, cursor: cursorOf(last) } : { items };
}

function isListed(file: AttachmentRecord, input: ListAttachmentsInput): boolean {
  const { organizationId, contextId, ownerId, typePrefix = '', visibleTo } = input;
  return (
    file.organizationId === organizationId &&
    file.status === 'ready' &&
    !file.draft &&
    (contextId === undefined || file.contextId === contextId) &&
    (ownerId === undefined || file.ownerId === ownerId) &&
    file.contentType.startsWith(typePrefix) &&
    (file.visibility !== 'private' || visibleTo.seesPrivate || file.ownerId === visibleTo.ownerId)
  );
}

/** RecordStore.countUsage. */
export function countUsage(searched: Searched, organizationId: string): Share {
  const isCounted = (record: { readonly organizationId: string }) => record.organizationId === organizationId;
  const shares = [
    ...[...searched.uploads]
      .filter(isCounted)
      .filter(({ status }) => !isTerminal(status))
      .map(reservationOf),
    ...[...searched.avatars].filter(isCounted).map(avatarShareOf),
    ...[...searched.attachments]
      .filter(isCounted)
      .map(({ status, chargedBytes: bytes }) => (status === 'ready' ? { bytes, files: 1 } : NOTHING)),
  ];
  return shares.reduce((sum, { bytes, files }) => ({ bytes: sum.bytes + bytes, files: sum.files + files }), NOTHING);
}
