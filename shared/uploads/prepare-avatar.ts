import { refuseMalicious } from '../attachments/refuse-malicious.ts';
import type { FinishedAvatar } from '../avatars/publish-avatar.ts';
import type { Dependencies } from '../dependencies.ts';
import { ContentRejectedError } from '../errors.ts';
import { isCropInside } from '../images/crop.ts';
import { AVATAR_TYPES } from '../images/formats.ts';
import { inspectImage } from '../images/inspect.ts';
import { renderThumbnails } from '../images/thumbnails.ts';
import type { UploadForAvatar } from '../metadata/records.ts';
import { originalKey } from '../storage/object-keys.ts';

/**
 * Checks a picture and renders it. The type is what the decoder finds, not what the client declared.
 * @throws ContentRejectedError for anything about the bytes; DependencyUnavailableError if the scanner has no answer.
 */
export async function prepareAvatar(
  { scanner }: Pick<Dependencies, 'scanner'>,
  { upload, source }: { readonly upload: UploadForAvatar; readonly source: Uint8Array },
): Promise<FinishedAvatar> {
  const image = await inspectImage(source);
  const { contentType, width, height } = image;
  if (upload.crop && !isCropInside(upload.crop, image)) {
    throw new ContentRejectedError('crop_outside_image', `the crop is not inside ${width}x${height} pixels`);
  }
  await refuseMalicious(scanner, [source]);
  return {
    original: {
      key: originalKey(upload.avatar, AVATAR_TYPES[contentType]),
      bytes: source.length,
      contentType,
      width,
      height,
    },
    originalBytes: source,
    rendered: await renderThumbnails(image, upload.crop),
  };
}
