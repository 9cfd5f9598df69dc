import type { WorkerDependencies } from '../dependencies.ts';
import { ObjectExistsError } from '../errors.ts';
import {
  AVATAR_TYPES,
  THUMBNAIL_FORMATS,
  THUMBNAIL_SIZES,
  type ThumbnailFormat,
  type ThumbnailSize,
} from '../images/formats.ts';
import type { RenderedAvatar } from '../images/thumbnails.ts';
import type { AvatarImage, OriginalImage, ThumbnailBytes, UploadForAvatar } from '../metadata/records.ts';
import { originalKey, thumbnailKey } from '../storage/object-keys.ts';
import type { FileInfo, UploadFileInput } from '../storage/storage-backend.ts';

/** One origin read per edge and day; no copy outlives a missed invalidation by more. URLs carry `?v=`. */
const PUBLISHED_CACHE_CONTROL = 'public, max-age=86400, immutable';

/** An image that passed every check, ready to be written. */
export interface FinishedAvatar {
  readonly original: Pick<OriginalImage, 'contentType' | 'width' | 'height'> & OriginalSource;
  readonly rendered: RenderedAvatar;
}

/** The bytes of an original to be written; or the original of a render, which is stored in the folder already. */
type OriginalSource = { readonly body: Uint8Array } | { readonly stored: Pick<FileInfo, 'size' | 'eTag'> };

type Needs = Pick<WorkerDependencies, 'storage'>;

/**
 * Writes the seven files of a version into the folder of its upload, each once. What an earlier attempt wrote there is
 * kept, and counts with its size: the same upload is always made of the same bytes. Resolves, or throws, only once no
 * write is under way any more.
 */
export async function writeVersion(
  { storage }: Needs,
  { upload, finished }: { readonly upload: UploadForAvatar; readonly finished: FinishedAvatar },
): Promise<Omit<AvatarImage, 'updatedAt'>> {
  const { avatar, uploadId: folder, crop } = upload;
  const { contentType, width, height, ...source } = finished.original;
  const [original, sizes] = await allSettled([
    'stored' in source
      ? Promise.resolve(source.stored)
      : writeOnce(storage, {
          key: originalKey(avatar, folder, AVATAR_TYPES[contentType]),
          body: source.body,
          contentType,
        }),
    writeThumbnails({ storage }, upload, finished.rendered),
  ]);
  return {
    folder,
    original: { contentType, bytes: original.size, eTag: original.eTag, width, height },
    sizes,
    ...(crop && { crop }),
    thumbHash: finished.rendered.thumbHash,
  };
}

async function writeThumbnails(
  { storage }: Needs,
  { avatar, uploadId: folder }: UploadForAvatar,
  { files }: RenderedAvatar,
): Promise<ThumbnailBytes> {
  const sizes = Object.keys(THUMBNAIL_SIZES) as ThumbnailSize[];
  const formats = Object.keys(THUMBNAIL_FORMATS) as ThumbnailFormat[];
  const named = sizes.flatMap((size) => formats.map((format) => ({ size, format })));
  const written = await allSettled(
    named.map(({ size, format }) =>
      writeOnce(storage, {
        key: thumbnailKey(avatar, folder, size, format),
        body: files[size][format],
        contentType: THUMBNAIL_FORMATS[format],
        cacheControl: PUBLISHED_CACHE_CONTROL,
      }),
    ),
  );
  const bytesOf = (size: ThumbnailSize) =>
    Object.fromEntries(named.flatMap((name, at) => (name.size === size ? [[name.format, written[at]?.size]] : [])));
  return Object.fromEntries(sizes.map((size) => [size, bytesOf(size)])) as ThumbnailBytes;
}

async function writeOnce(
  storage: Needs['storage'],
  file: Omit<UploadFileInput, 'body' | 'ifNoneMatch'> & { readonly body: Uint8Array },
): Promise<Pick<FileInfo, 'size' | 'eTag'>> {
  try {
    const { eTag } = await storage.uploadFile({ ...file, ifNoneMatch: '*' });
    return { size: file.body.length, eTag };
  } catch (error) {
    if (!(error instanceof ObjectExistsError)) throw error;
    return storage.getFileInfo({ key: file.key });
  }
}

/** Like Promise.all, but waits for all: a write that goes on after a failure could outlive the clean-up. */
async function allSettled<const T extends readonly Promise<unknown>[]>(
  writes: T,
): Promise<{ -readonly [I in keyof T]: Awaited<T[I]> }> {
  await Promise.allSettled(writes);
  return Promise.all(writes) as Promise<{ -readonly [I in keyof T]: Awaited<T[I]> }>;
}
