import { expect } from 'vitest';
import { isTerminal, type UploadRecord } from '../../shared/metadata/records.ts';
import { KEPT_REPLACED, RETENTION } from '../../shared/metadata/retention.ts';
import { avatarPrefix, folderOfKey } from '../../shared/storage/object-keys.ts';
import { readWhole } from '../../shared/storage/storage-backend.ts';
import type { Client } from './client.ts';
import { shownTo } from './observed-state.ts';
import { colourOf, type PlainColour } from './plain-pictures.ts';
import type { World } from './world.ts';

/** The original, and three sizes in two formats. */
const FILES_OF_VERSION = 7;

/** The five minutes of a ticket's URL, and an hour for bytes on their way. */
const TICKET_MILLISECONDS = 65 * 60_000;

/** An upload as its client knows it. */
export interface ModelUpload {
  readonly uploadId: string;
  /** Of the images that were sent for it. A render: undefined, and `source` is the upload that was published then. */
  readonly colours: PlainColour[] | undefined;
  readonly source?: ModelUpload | undefined;
  /** Its bytes are no image. */
  readonly isBroken?: boolean;
  isSent: boolean;
  /** Its bytes came when it may have expired. */
  isLate?: boolean;
  /** Other bytes were sent with the same form. */
  isResent?: boolean;
  /** The abort was acknowledged. */
  isAborted?: boolean;
}

/** What may be shown of one person's avatar. */
export interface AvatarModel {
  /** Since the last delete, in the order in which they were issued. */
  readonly uploads: ModelUpload[];
  /** The one that was last seen to be published. */
  shown?: ModelUpload | undefined;
  /** Those that were published before it, the latest first, each with the end of its grace period. */
  replaced: readonly { readonly upload: ModelUpload; readonly until: number }[];
}

export function newAvatarModel(): AvatarModel {
  return { uploads: [], replaced: [] };
}

/** The avatar was deleted: nothing that was issued before is ever shown again. */
export function forgetUploads(model: AvatarModel): void {
  model.uploads.splice(0);
  model.shown = undefined;
  model.replaced = [];
}

/**
 * Holds at any moment: what is published was issued after the last delete, nothing older ever replaces it, and its files
 * are stored, as are those of the versions that it replaced, for a day. Files from before the delete are due for removal.
 */
export async function expectSound(world: World, { avatar }: Client, model: AvatarModel): Promise<void> {
  const record = await world.metadata.getAvatar(avatar);
  const published = model.uploads.find(({ uploadId }) => uploadId === record?.readyUploadId);
  expect(published?.uploadId, 'what is published was issued after the last delete').toBe(record?.readyUploadId);
  note(model, published, world.now().getTime());

  const folders = [model.shown, ...model.replaced.map(({ upload }) => upload)].flatMap((each) => each?.uploadId ?? []);
  const files = (await world.storage.listFiles({ prefix: avatarPrefix(avatar) })).files.map(({ key }) => key);
  for (const folder of folders) {
    const stored = files.filter((key) => folderOfKey(avatar, key) === folder);
    expect(stored, `${folder} is published, or was a day ago`).toHaveLength(FILES_OF_VERSION);
  }
  const issued = new Set(model.uploads.map(({ uploadId }) => uploadId));
  const deleted = (record?.retired ?? []).filter(({ folder }) => !issued.has(folder));
  expect(deleted.filter(({ pass }) => pass === undefined)).toEqual([]);
}

function note(model: AvatarModel, published: ModelUpload | undefined, now: number): void {
  const { uploads, shown, replaced } = model;
  if (shown !== published) {
    const positions = [shown, published].map((upload) => (upload ? uploads.indexOf(upload) : -1));
    expect(positions, 'nothing older replaces what is published').toEqual([...positions].sort((a, b) => a - b));
    model.shown = published;
  }
  const before = shown && shown !== published ? [{ upload: shown, until: now + RETENTION.replacedGrace }] : [];
  model.replaced = [...before, ...replaced].filter(({ until }) => now < until).slice(0, KEPT_REPLACED);
}

/** Holds at rest: every upload has ended as its client was told, and the latest one that could win is shown. */
export async function expectLatest(world: World, client: Client, { uploads }: AvatarModel): Promise<void> {
  const records = await Promise.all(uploads.map(({ uploadId }) => world.metadata.getUpload({ uploadId })));
  for (const [index, upload] of uploads.entries()) expectEnd(upload, records[index]);
  const ready = uploads.filter((_, index) => records[index]?.status === 'ready');
  const winner = uploads.filter((upload, index) => canWin(upload, records[index], uploads, ready)).at(-1);
  expect((await world.metadata.getAvatar(client.avatar))?.readyUploadId).toBe(winner?.uploadId);
  const shown = await shownTo(world, client);
  expect(winner ? coloursOf(winner) : [undefined]).toContain(shown);
  const { files } = await world.storage.listFiles({ prefix: avatarPrefix(client.avatar) });
  for (const { key } of files) {
    expect(await colourOf(await readWhole(await world.storage.downloadFile({ key }))), key).toBe(shown);
  }
}

function expectEnd(upload: ModelUpload, record: UploadRecord | undefined): void {
  const { status, code, createdAt = '', finishedAt = '' } = record ?? {};
  if (status === 'expired') {
    expect(Date.parse(finishedAt)).toBeGreaterThanOrEqual(Date.parse(createdAt) + TICKET_MILLISECONDS);
  }
  expect(endsOf(upload), JSON.stringify({ ...upload, source: upload.source?.uploadId })).toContain(
    code ? `${status}: ${code}` : status,
  );
}

function endsOf({ colours, isSent, isBroken, isLate, isResent, isAborted }: ModelUpload): string[] {
  if (isAborted) return ['aborted'];
  if (!isSent) return ['expired'];
  const ends = isBroken ? ['rejected: image_damaged'] : ['ready', 'superseded'];
  if (isLate) ends.push('expired');
  if (isResent) ends.push('rejected: upload_changed');
  return colours ? ends : ['ready', 'superseded'];
}

/**
 * Whether nothing but a later upload may have kept this one from being shown. A render also ends when another upload
 * than its source was published before it: one that was issued between the two.
 */
function canWin(
  upload: ModelUpload,
  record: UploadRecord | undefined,
  uploads: readonly ModelUpload[],
  ready: readonly ModelUpload[],
): boolean {
  if (record?.status !== 'superseded' || upload.colours) return WINNABLE.has(record?.status ?? '');
  const { source } = upload;
  const between = uploads.slice(source ? uploads.indexOf(source) + 1 : 0, uploads.indexOf(upload));
  return !between.some((each) => ready.includes(each));
}

const WINNABLE: ReadonlySet<string> = new Set(['ready', 'superseded']);

function coloursOf({ colours, source }: ModelUpload): readonly PlainColour[] {
  return colours ?? (source ? coloursOf(source) : []);
}

/** Whether the upload has ended, in whatever way. */
export async function hasEnded({ metadata }: Pick<World, 'metadata'>, uploadId: string): Promise<boolean> {
  const upload = await metadata.getUpload({ uploadId });
  return upload !== undefined && isTerminal(upload.status);
}
