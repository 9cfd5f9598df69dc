import { keysOfVersion } from '../../shared/avatars/version-files.ts';
import {
  AVATAR_TYPES,
  THUMBNAIL_FORMATS,
  THUMBNAIL_SIZES,
  type ThumbnailFormat,
  type ThumbnailSize,
} from '../../shared/images/formats.ts';
import type { AvatarRecord, RenderSource, UploadRecord } from '../../shared/metadata/records.ts';
import { originalKey, type StorageKey, thumbnailKey } from '../../shared/storage/object-keys.ts';
import type { Plant, Scenario } from './scenario.ts';
import type { Snapshot } from './snapshot.ts';
import { thumbnailText } from './stub-renderer.ts';

/** What a snapshot is held against. */
export interface Expected {
  readonly scenario: Scenario;
  readonly plant?: Plant | undefined;
}

/** The keys of the files of replaced versions that wait for the end of their grace period. */
export function keysInGrace(avatar: AvatarRecord, now: string): StorageKey[] {
  const waiting = (avatar.retired ?? []).filter(({ pass, removeAt }) => pass === undefined && removeAt > now);
  return waiting.flatMap((version) => keysOfVersion(avatar, version));
}

/** What is wrong with the published image: it must be made of the bytes that were sent for its upload, or its source. */
export function* faultsOfImage(avatar: AvatarRecord, snapshot: Snapshot, expected: Expected): Generator<string> {
  const { image, readyUploadId, chargedBytes } = avatar;
  const upload = snapshot.uploads.find(({ uploadId }) => uploadId === readyUploadId);
  if (!image?.original || upload === undefined || upload.kind === 'attachment') {
    yield 'the published image has no original, or no upload';
    return;
  }
  const extension = AVATAR_TYPES[image.original.contentType];
  const original = textAt(originalKey(avatar, image.folder, extension), snapshot, expected);
  const sent = sentFor(upload, snapshot, expected);
  if (image.folder !== upload.uploadId) yield `${upload.uploadId} is published from the folder ${image.folder}`;
  if (original === undefined) yield `the original of ${upload.uploadId} is published and not stored`;
  else if (!sent.includes(original))
    yield `the original of ${upload.uploadId} is "${original}", which was not sent for it`;
  if (image.original.bytes !== original?.length)
    yield `the original of ${upload.uploadId} has another size than recorded`;
  if (chargedBytes !== image.original.bytes) yield `${chargedBytes} bytes are charged for ${image.original.bytes}`;
  if (upload.crop?.x !== image.crop?.x) yield `${upload.uploadId} is published with another crop`;
  yield* faultsOfThumbnails(avatar, { snapshot, expected, uploadId: upload.uploadId, image: original ?? '' });
}

interface Thumbnails {
  readonly snapshot: Snapshot;
  readonly expected: Expected;
  readonly uploadId: string;
  /** The text of the original. */
  readonly image: string;
}

function* faultsOfThumbnails(avatar: AvatarRecord, of: Thumbnails): Generator<string> {
  const { snapshot, expected, uploadId, image } = of;
  const { folder = '', sizes = {}, crop } = avatar.image ?? {};
  for (const size of Object.keys(THUMBNAIL_SIZES) as ThumbnailSize[]) {
    for (const format of Object.keys(THUMBNAIL_FORMATS) as ThumbnailFormat[]) {
      const text = textAt(thumbnailKey(avatar, folder, size, format), snapshot, expected);
      const name = `${size}.${format} of ${uploadId}`;
      if (text === undefined) yield `${name} is published and not stored`;
      else if (text !== thumbnailText({ image, crop, size, format })) yield `${name} is not made from its original`;
      else if (text.length !== sizes[size]?.[format]) yield `${name} has another size than recorded`;
    }
  }
}

/** The text at the key where the service, with or without a planted fault, keeps this file. */
export function textAt(key: StorageKey, { objects }: Snapshot, { plant }: Expected): string | undefined {
  return objects.get((plant?.keyOf?.(key) ?? key) as StorageKey)?.text;
}

/** What was sent for an upload; for a render, for the upload at the beginning of its chain of sources. */
function sentFor(upload: UploadRecord, snapshot: Snapshot, { scenario }: Expected): readonly string[] {
  let first: UploadRecord | undefined = upload;
  while (first?.kind === 'render') {
    const { uploadId }: RenderSource = first.source;
    first = snapshot.uploads.find((each) => each.uploadId === uploadId);
  }
  return (first && scenario.sent[first.uploadId]) ?? [];
}
