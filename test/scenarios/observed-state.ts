import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { chooseThumbnail } from '../../shared/avatars/choose-thumbnail.ts';
import { keysOfVersion } from '../../shared/avatars/version-files.ts';
import {
  AVATAR_TYPES,
  THUMBNAIL_FORMATS,
  THUMBNAIL_SIZES,
  type ThumbnailFormat,
  type ThumbnailSize,
} from '../../shared/images/formats.ts';
import type { AttachmentRecord, AvatarRecord } from '../../shared/metadata/records.ts';
import { originalKey, type StorageKey, thumbnailKey } from '../../shared/storage/object-keys.ts';
import { readWhole } from '../../shared/storage/storage-backend.ts';
import type { Client } from './client.ts';
import { colourOf, type PlainColour } from './plain-pictures.ts';
import type { World } from './world.ts';

/** What is left of an object when ids and times are taken away. */
export interface ObservedObject {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Every object in the storage, in the order of the keys. */
export async function objectsOf({ storage }: Pick<World, 'storage'>): Promise<ObservedObject[]> {
  const { files } = await storage.listFiles({ prefix: '' });
  return Promise.all(
    files.map(async ({ key }) => {
      const bytes = await readWhole(await storage.downloadFile({ key }));
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      return { key, bytes: bytes.length, sha256 };
    }),
  );
}

/** What the public image URL shows; undefined when there is no image. */
export async function shownTo(world: World, client: Client): Promise<PlainColour | undefined> {
  const key = await servedKey(world, client);
  return key && colourOf(await readWhole(await world.storage.downloadFile({ key })));
}

/** The object that the public image URL redirects to; undefined when there is no image. */
export async function servedKey(world: World, { avatar, request }: Client): Promise<StorageKey | undefined> {
  const reply = await request('GET', `/${avatar.entityType}/${avatar.entityId}/avatar?fallback=404`);
  if (reply.status === 404) return undefined;
  expect(reply.status).toBe(302);
  const image = (await world.metadata.getAvatar(avatar))?.image;
  const shown = image && chooseThumbnail(image, { size: 'medium', format: 'webp' });
  if (!image || !shown) throw new Error('the image URL leads to an image that the record does not name');
  const key = thumbnailKey(avatar, image.folder, shown.size, shown.format);
  expect(String(reply.headers.location)).toContain(key);
  return key;
}

/** The part of its quota that an organization holds; bytes, files and open uploads. */
export interface Usage {
  readonly bytes: number;
  readonly files: number;
  readonly openUploads: number;
}

/** What the organization holds of its quota. */
export async function usageOf({ metadata }: Pick<World, 'metadata'>, organizationId = 'acme'): Promise<Usage> {
  const organization = await metadata.getOrganization({ organizationId });
  if (!organization) return { bytes: 0, files: 0, openUploads: 0 };
  const { bytesLimit, bytesFree, filesLimit, filesFree, openUploads } = organization;
  return { bytes: bytesLimit - bytesFree, files: filesLimit - filesFree, openUploads };
}

/**
 * What holds whenever nothing is under way any more: the seven objects of each published image and of each version in
 * its grace period, those of each attachment and no other object at all, no open upload, and a quota that is exactly what
 * is published.
 */
export async function expectAtRest(
  world: Pick<World, 'storage' | 'metadata'>,
  clients: readonly Pick<Client, 'avatar'>[],
  attachments: readonly AttachmentRecord[] = [],
): Promise<void> {
  const records = await Promise.all(clients.map(({ avatar }) => world.metadata.getAvatar(avatar)));
  const published = records.filter((record): record is AvatarRecord => record?.image !== undefined);
  const { replaced, all } = retiredKeys(records);

  const found = (await objectsOf(world)).map(({ key, bytes }) => ({ key, bytes }));
  const expected = [...published.flatMap(objectsToExpect), ...attachments.flatMap(objectsOfAttachment)];
  expect(found.filter(({ key }) => !all.has(key))).toEqual(expected.sort((a, b) => (a.key < b.key ? -1 : 1)));
  expect(found.map(({ key }) => key)).toEqual(expect.arrayContaining(replaced));
  for (const { chargedBytes, image } of published) expect(chargedBytes).toBe(image?.original?.bytes);
  await expectUsageOf(world, [...published, ...attachments]);
  for (const { avatar } of clients) {
    const owner = await world.metadata.getOwner({ organizationId: 'acme', ownerId: avatar.entityId });
    expect([owner?.pendingUploads ?? 0, owner?.sentUploads ?? 0]).toEqual([0, 0]);
  }
}

/** The keys of retired versions: all that may still be stored, and those of replaced ones, which are. */
function retiredKeys(records: readonly (AvatarRecord | undefined)[]) {
  const versions = records.flatMap((record) => (record?.retired ?? []).map((version) => ({ record, version })));
  const named = versions.flatMap(({ record, version }) =>
    record ? keysOfVersion(record, version).map((key) => ({ key, pass: version.pass })) : [],
  );
  const replaced = named.filter(({ pass }) => pass === undefined).map(({ key }) => key);
  return { all: new Set<string>(named.map(({ key }) => key)), replaced };
}

async function expectUsageOf(
  world: Pick<World, 'metadata'>,
  charged: readonly { readonly chargedBytes: number }[],
): Promise<void> {
  expect(await usageOf(world)).toEqual({
    bytes: charged.reduce((sum, { chargedBytes }) => sum + chargedBytes, 0),
    files: charged.length,
    openUploads: 0,
  });
}

function objectsToExpect(record: AvatarRecord): Omit<ObservedObject, 'sha256'>[] {
  if (!record.image?.original) return [];
  const { folder, original, sizes } = record.image;
  const thumbnails = (Object.keys(THUMBNAIL_SIZES) as ThumbnailSize[]).flatMap((size) =>
    (Object.keys(THUMBNAIL_FORMATS) as ThumbnailFormat[]).map((format) => ({
      key: thumbnailKey(record, folder, size, format) as string,
      bytes: sizes[size]?.[format] ?? 0,
    })),
  );
  return [
    { key: originalKey(record, folder, AVATAR_TYPES[original.contentType]), bytes: original.bytes },
    ...thumbnails,
  ];
}

function objectsOfAttachment({ key, size, preview }: AttachmentRecord): Omit<ObservedObject, 'sha256'>[] {
  return [{ key, bytes: size }, ...(preview ? [{ key: preview.key, bytes: preview.bytes }] : [])];
}
