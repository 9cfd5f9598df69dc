import type { WorkerDependencies } from '../dependencies.ts';
import { THUMBNAIL_FORMATS, THUMBNAIL_SIZES, type ThumbnailFormat, type ThumbnailSize } from '../images/formats.ts';
import type { RenderedAvatar } from '../images/thumbnails.ts';
import type { AvatarImage, OriginalImage, ThumbnailBytes, UploadForAvatar } from '../metadata/records.ts';
import { thumbnailKey } from '../storage/object-keys.ts';
import { MARK_BYTES } from './fence-mark.ts';
import { fencedWrite } from './fenced-write.ts';

/** One origin read per edge and day; no copy outlives a missed invalidation by more. Addresses carry `?v=`. */
const PUBLISHED_CACHE_CONTROL = 'public, max-age=86400, immutable';

/** A picture that passed every check, ready to be written. */
export interface FinishedAvatar {
  readonly original: OriginalImage;
  readonly originalBytes: Uint8Array;
  readonly rendered: RenderedAvatar;
}

/**
 * Claims the upload's generation, writes its seven objects and flips the avatar to them. `superseded`: a newer picture
 * or a delete came first. `lost_lease`: another worker has the upload.
 */
export async function publishAvatar(
  dependencies: Pick<WorkerDependencies, 'storage' | 'metadata' | 'clock' | 'sleep'>,
  { upload, leaseId, finished }: { upload: UploadForAvatar; leaseId: string; finished: FinishedAvatar },
): Promise<'published' | 'superseded' | 'lost_lease'> {
  const { metadata, clock } = dependencies;
  const { uploadId, generation, crop } = upload;
  const claim = await metadata.claimAvatar({ uploadId, leaseId, now: clock() });
  if (claim !== 'claimed') return claim;

  // The original first: it is the redo log. Once it stands at this generation, all else can be rendered from it again.
  const { key, contentType } = finished.original;
  const original = await fencedWrite(dependencies, { key, body: finished.originalBytes, contentType, generation });
  if (original === 'outrun') return 'superseded';
  const writes = thumbnailsOf(finished.rendered).map(({ size, format, body }) =>
    fencedWrite(dependencies, {
      key: thumbnailKey(upload.avatar, size, format),
      body,
      contentType: THUMBNAIL_FORMATS[format],
      cacheControl: PUBLISHED_CACHE_CONTROL,
      generation,
    }),
  );
  if ((await Promise.all(writes)).includes('outrun')) return 'superseded';

  const image: Omit<AvatarImage, 'readyUploadId' | 'updatedAt'> = {
    original: finished.original,
    sizes: bytesOf(finished.rendered),
    ...(crop && { crop }),
    thumbHash: finished.rendered.thumbHash,
  };
  return metadata.publishAvatar({ uploadId, leaseId, image, now: clock() });
}

function thumbnailsOf({ files }: RenderedAvatar): { size: ThumbnailSize; format: ThumbnailFormat; body: Uint8Array }[] {
  const sizes = Object.keys(THUMBNAIL_SIZES) as ThumbnailSize[];
  const formats = Object.keys(THUMBNAIL_FORMATS) as ThumbnailFormat[];
  return sizes.flatMap((size) => formats.map((format) => ({ size, format, body: files[size][format] })));
}

function bytesOf(rendered: RenderedAvatar): ThumbnailBytes {
  const bytes: Record<string, Record<string, number>> = {};
  for (const { size, format, body } of thumbnailsOf(rendered))
    bytes[size] = { ...bytes[size], [format]: body.length + MARK_BYTES };
  return bytes as unknown as ThumbnailBytes;
}
