/** The sizes every avatar is rendered in: name -> side of the square in pixels. */
export const THUMBNAIL_SIZES = { small: 32, medium: 150, large: 300 } as const;
export type ThumbnailSize = keyof typeof THUMBNAIL_SIZES;

/** The encodings of every size: file extension -> media type. */
export const THUMBNAIL_FORMATS = { webp: 'image/webp', jpg: 'image/jpeg' } as const;
export type ThumbnailFormat = keyof typeof THUMBNAIL_FORMATS;

/** What is drawn for who has no picture. */
export const PLACEHOLDER_STYLES = ['identicon', 'initials'] as const;
export type PlaceholderStyle = (typeof PLACEHOLDER_STYLES)[number];

/** What an avatar may be uploaded as: media type -> file extension of the kept original. */
export const AVATAR_TYPES = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'image/avif': 'avif',
} as const;
export type AvatarContentType = keyof typeof AVATAR_TYPES;

/** The types of images whose metadata can be removed. HEIC is among them although it is never decoded. */
export type ImageType = AvatarContentType | 'image/heic';

/** Whether `stripMetadata` knows images of this type. */
export function isStrippable(mediaType: string): mediaType is ImageType {
  return mediaType === 'image/heic' || Object.hasOwn(AVATAR_TYPES, mediaType);
}

/**
 * A square of the upright picture. All numbers are fractions, 0 to 1: `x` of the width, `y` of the height (the
 * square's upper left corner), `size` of the shorter side (the square's side).
 */
export interface Crop {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}
