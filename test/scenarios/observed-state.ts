import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { generationOf, MARK_BYTES } from '../../shared/avatars/fence-mark.ts';
import {
  THUMBNAIL_FORMATS,
  THUMBNAIL_SIZES,
  type ThumbnailFormat,
  type ThumbnailSize,
} from '../../shared/images/formats.ts';
import type { AttachmentRecord, AvatarRecord } from '../../shared/metadata/records.ts';
import { thumbnailKey } from '../../shared/storage/object-keys.ts';
import { readWhole } from '../../shared/storage/storage-backend.ts';
import type { Client } from './client.ts';
import { colourOf, type PlainColour } from './plain-pictures.ts';
import type { World } from './world.ts';

/** What is left of an object when ids and times are taken away. */
export interface ObservedObject {
  readonly key: string;
  readonly bytes: number;
  readonly generation: number;
  readonly sha256: string;
}

/** Every object in the storage, in the order of the keys. */
export async function objectsOf({ storage }: Pick<World, 'storage'>): Promise<ObservedObject[]> {
  const { files } = await storage.listFiles({ prefix: '' });
  return Promise.all(
    files.map(async ({ key }) => {
      const { info, body } = await storage.downloadFile({ key });
      const bytes = await readWhole({ info, body });
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      return { key, bytes: bytes.length, generation: generationOf(info), sha256 };
    }),
  );
}

/** What the public image address shows; undefined when it has no picture. */
export async function shownTo(world: World, { avatar, request }: Client): Promise<PlainColour | undefined> {
  const reply = await request('GET', `/${avatar.entityType}/${avatar.entityId}/avatar?fallback=404`);
  if (reply.status === 404) return undefined;
  expect(reply.status).toBe(302);
  return colourOf(await readWhole(await world.storage.downloadFile({ key: thumbnailKey(avatar, 'medium', 'webp') })));
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
 * What holds whenever nothing is on its way any more: seven objects of one generation for each published picture, those
 * of each attachment and no other object at all, nobody's upload open, and a quota that is exactly what is published.
 */
export async function expectAtRest(
  world: Pick<World, 'storage' | 'metadata'>,
  clients: readonly Pick<Client, 'avatar'>[],
  attachments: readonly AttachmentRecord[] = [],
): Promise<void> {
  const records = await Promise.all(clients.map(({ avatar }) => world.metadata.getAvatar(avatar)));
  const published = records.filter((record): record is AvatarRecord => record?.image !== undefined);

  const found = (await objectsOf(world)).map(({ key, bytes, generation }) => ({ key, bytes, generation }));
  const expected = [...published.flatMap(objectsToExpect), ...attachments.flatMap(objectsOfAttachment)];
  expect(found).toEqual(expected.sort((a, b) => (a.key < b.key ? -1 : 1)));
  const charged = [...published, ...attachments];
  expect(await usageOf(world)).toEqual({
    bytes: charged.reduce((sum, { chargedBytes }) => sum + chargedBytes, 0),
    files: charged.length,
    openUploads: 0,
  });
  for (const { avatar } of clients) {
    const owner = await world.metadata.getOwner({ organizationId: 'acme', ownerId: avatar.entityId });
    expect(owner?.openUploads ?? 0).toBe(0);
  }
}

function objectsToExpect(record: AvatarRecord): Omit<ObservedObject, 'sha256'>[] {
  if (!record.image) return [];
  const { original, sizes } = record.image;
  const generation = record.readyGeneration;
  const thumbnails = (Object.keys(THUMBNAIL_SIZES) as ThumbnailSize[]).flatMap((size) =>
    (Object.keys(THUMBNAIL_FORMATS) as ThumbnailFormat[]).map((format) => ({
      key: thumbnailKey(record, size, format) as string,
      bytes: sizes[size][format],
      generation,
    })),
  );
  return [{ key: original.key, bytes: original.bytes + MARK_BYTES, generation }, ...thumbnails];
}

function objectsOfAttachment({ key, size, preview }: AttachmentRecord): Omit<ObservedObject, 'sha256'>[] {
  const objects = [{ key, bytes: size }, ...(preview ? [{ key: preview.key, bytes: preview.bytes }] : [])];
  return objects.map((object) => ({ ...object, generation: 0 }));
}
