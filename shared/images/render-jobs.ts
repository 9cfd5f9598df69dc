import type { AvatarContentType, Crop, ImageType } from './formats.ts';
import type { ImageDescription } from './preview.ts';
import type { RenderedAvatar } from './thumbnails.ts';

/** The bytes of an avatar, as they were sent. */
export interface AvatarJob {
  readonly bytes: Uint8Array;
  /** @default - the largest square in the middle */
  readonly crop?: Crop;
}

/** The thumbnails of an avatar, and what the decoder found its bytes to be. */
export interface AvatarResult extends RenderedAvatar {
  readonly contentType: AvatarContentType;
}

/** The bytes of an attached image, and the type that they begin as. */
export interface AttachmentJob {
  readonly bytes: Uint8Array;
  readonly contentType: ImageType;
  readonly keepMetadata: boolean;
}

export interface AttachmentResult {
  /** The image without its metadata. Undefined with `keepMetadata`: the bytes are served as they are. */
  readonly stripped?: Uint8Array;
  /** Undefined for an image that cannot be decoded safely: it can still be served. */
  readonly description?: ImageDescription;
}
