import { ContentRejectedError } from '../errors.ts';
import { isCropInside } from './crop.ts';
import { inspectImage } from './inspect.ts';
import { describeImage } from './preview.ts';
import type { AttachmentJob, AttachmentResult, AvatarJob, AvatarResult } from './render-jobs.ts';
import { stripMetadata } from './strip-metadata.ts';
import { renderThumbnails } from './thumbnails.ts';

/** The renderer of the service, in this process and without limits of its own. Importing it loads the image decoder. */
export const renderer = { renderAvatar, prepareAttachment } as const;

async function renderAvatar({ bytes, crop }: AvatarJob): Promise<AvatarResult> {
  const image = await inspectImage(bytes);
  if (crop && !isCropInside(crop, image)) {
    const { width, height } = image;
    throw new ContentRejectedError('crop_outside_image', `the crop is not inside ${width}x${height} pixels`);
  }
  return { contentType: image.contentType, ...(await renderThumbnails(image, crop)) };
}

async function prepareAttachment({ bytes, contentType, keepMetadata }: AttachmentJob): Promise<AttachmentResult> {
  const stripped = keepMetadata ? undefined : stripMetadata(bytes, contentType);
  const description = await describeImage(stripped ?? bytes, contentType);
  return { ...(stripped && { stripped }), ...(description && { description }) };
}
