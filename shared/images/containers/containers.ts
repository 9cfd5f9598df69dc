import type { AvatarContentType } from '../formats.ts';
import { avif } from './avif/avif.ts';
import type { Container } from './container.ts';
import { gif } from './gif/gif.ts';
import { heic } from './heic/heic.ts';
import { jpeg } from './jpeg/jpeg.ts';
import { png } from './png/png.ts';
import { webp } from './webp/webp.ts';

/** The types of images whose files this product knows. */
export type ImageType = AvatarContentType | 'image/heic';

export const CONTAINERS: Readonly<Record<ImageType, Container>> = {
  'image/jpeg': jpeg,
  'image/png': png,
  'image/webp': webp,
  'image/gif': gif,
  'image/avif': avif,
  'image/heic': heic,
};
