import { expect } from 'vitest';
import type { AttachmentRecord, UploadRecord, Visibility } from '../../shared/metadata/records.ts';
import { ATTACHMENT_PREFIX, PREVIEW_PREFIX } from '../../shared/storage/object-keys.ts';
import { keptParts } from './attached-parts.ts';
import type { Client } from './client.ts';
import type { World } from './world.ts';

/** `form`: a letter that is sent with a form. `half`: a multipart upload that is never completed. */
export type FileKind = 'letter' | 'form' | 'picture' | 'virus' | 'parts' | 'half';

/** An attachment as its uploader knows it. */
export interface ModelAttachment {
  readonly uploadId: string;
  readonly client: Client;
  readonly kind: FileKind;
  readonly draft: boolean;
  visibility: Visibility;
  isSent: boolean;
  /** Its bytes came when it may have expired. */
  isLate?: boolean;
  /** Other bytes were sent with the same form. */
  isResent?: boolean;
  /** The request was acknowledged. */
  isAborted?: boolean;
  isClaimed?: boolean;
  isDeleted?: boolean;
}

/** The people of the organization, and someone of another one. */
export interface Audience {
  readonly members: readonly Client[];
  readonly stranger: Client;
}

/** Holds at any moment: what is deleted is not served, and the objects of all that is served are stored. */
export async function expectServed(
  { metadata, storage }: World,
  attachments: readonly ModelAttachment[],
): Promise<void> {
  const files = await metadata.getAttachments(attachments.map(({ uploadId }) => uploadId));
  const ready = files.filter((file) => file?.status === 'ready');
  const deleted = new Set(attachments.flatMap(({ isDeleted, uploadId }) => (isDeleted ? [uploadId] : [])));
  expect(ready.filter((file) => file && deleted.has(file.fileId))).toEqual([]);
  const pages = [ATTACHMENT_PREFIX, PREVIEW_PREFIX].map((prefix) => storage.listFiles({ prefix }));
  const stored = new Set((await Promise.all(pages)).flatMap((page) => page.files.map(({ key }) => key)));
  const keys = ready.flatMap((file) => (file ? [file.key, ...(file.preview ? [file.preview.key] : [])] : []));
  expect(keys.filter((key) => !stored.has(key))).toEqual([]);
}

/**
 * Holds at rest: the upload has ended as its client was told, and the attachment is there, or not.
 * @returns its record, if it is there.
 */
export async function expectAsTold(
  world: World,
  attachment: ModelAttachment,
  { members, stranger }: Audience,
): Promise<AttachmentRecord | undefined> {
  const { uploadId, client, kind, draft, visibility, isClaimed, isDeleted } = attachment;
  const upload = await world.metadata.getUpload({ uploadId });
  expect(endsOf(attachment), JSON.stringify({ ...attachment, client: undefined })).toContain(endIn(upload));
  const isThere = upload?.status === 'ready' && !isDeleted && (!draft || isClaimed === true);
  const file = await world.metadata.getAttachment({ fileId: uploadId });
  expect(file?.status).toBe(isThere ? 'ready' : undefined);
  const url = `/attachments/${uploadId}`;
  for (const member of members) {
    const isShown = isThere && (member === client || visibility !== 'private');
    expect(await member.request('GET', url)).toMatchObject({ status: isShown ? 200 : 404 });
  }
  expect(await stranger.request('GET', url)).toMatchObject({ status: 404 });
  if (file) expect(file.visibility).toBe(visibility);
  if (kind === 'parts' || kind === 'half') expect(await keptParts(world, uploadId)).toBeUndefined();
  return file;
}

function endIn(upload: UploadRecord | undefined): string {
  return upload?.code ? `${upload.status}: ${upload.code}` : String(upload?.status);
}

function endsOf({ kind, isSent, isLate, isResent, isAborted }: ModelAttachment): string[] {
  if (isAborted) return ['aborted'];
  if (!isSent) return ['expired'];
  const ends = [kind === 'virus' ? 'rejected: infected' : 'ready'];
  if (isLate) ends.push('expired');
  if (isResent) ends.push('rejected: upload_changed');
  return ends;
}

/** In a few words, for what the histories together must show. */
export function whatBecameOf({ draft, isDeleted }: ModelAttachment, file: AttachmentRecord | undefined): string {
  if (isDeleted) return 'deleted';
  if (file) return draft ? 'claimed' : `kept ${file.visibility}`;
  return draft ? 'draft expired' : 'nothing';
}

/** Holds at rest: each member's list has what that member may see, and a stranger's has nothing. */
export async function expectLists(files: readonly AttachmentRecord[], { members, stranger }: Audience): Promise<void> {
  for (const client of members) {
    const seen = files.filter(
      ({ visibility, ownerId }) => visibility !== 'private' || ownerId === client.avatar.entityId,
    );
    const { body } = await client.request('GET', '/attachments?limit=100');
    const ids = (body as { items: { id: string }[] }).items.map(({ id }) => id);
    expect(ids.sort()).toEqual(seen.map(({ fileId }) => fileId).sort());
  }
  expect((await stranger.request('GET', '/attachments')).body).toEqual({ items: [] });
}
