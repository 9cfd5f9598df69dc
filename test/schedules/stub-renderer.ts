import type { Renderer } from '../../shared/dependencies.ts';
import {
  type AvatarContentType,
  type Crop,
  THUMBNAIL_FORMATS,
  THUMBNAIL_SIZES,
  type ThumbnailFormat,
  type ThumbnailSize,
} from '../../shared/images/formats.ts';
import type { RenderedAvatar } from '../../shared/images/thumbnails.ts';

/** Images are lines of text, `jpeg ...` or `png ...`. Thumbnails name the image that they were made from. */
export const stubRenderer: Renderer = {
  async renderAvatar({ bytes, crop }) {
    const image = Buffer.from(bytes).toString();
    const files = renderAll(image, crop);
    return { contentType: typeOf(bytes), files, thumbHash: 'hash', width: 300, height: 300 };
  },
  async prepareAttachment({ bytes, keepMetadata }) {
    return keepMetadata ? {} : { stripped: bytes };
  },
};

function typeOf(bytes: Uint8Array): AvatarContentType {
  return Buffer.from(bytes).toString().startsWith('jpeg') ? 'image/jpeg' : 'image/png';
}

function renderAll(image: string, crop: Crop | undefined): RenderedAvatar['files'] {
  const sizes = Object.keys(THUMBNAIL_SIZES) as ThumbnailSize[];
  return Object.fromEntries(
    sizes.map((size) => [size, renderSize({ image, crop, size })]),
  ) as unknown as RenderedAvatar['files'];
}

function renderSize(of: { readonly image: string; readonly crop: Crop | undefined; readonly size: ThumbnailSize }) {
  const formats = Object.keys(THUMBNAIL_FORMATS) as ThumbnailFormat[];
  return Object.fromEntries(formats.map((format) => [format, Buffer.from(thumbnailText({ ...of, format }))]));
}

/** What the stub renders, so that a thumbnail can be held against the image it should be made from. */
export function thumbnailText(of: {
  readonly image: string;
  readonly crop: Crop | undefined;
  readonly size: ThumbnailSize;
  readonly format: ThumbnailFormat;
}): string {
  const { image, crop, size, format } = of;
  return `${size}.${format} of ${image}${crop ? `, ${crop.size} from ${crop.x}` : ''}`;
}
