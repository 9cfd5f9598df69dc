import type { ImageType } from '../formats.ts';
import { avif } from './avif/avif.ts';
import type { Container } from './container.ts';
import { gif } from './gif/gif.ts';
import { heic } from './heic/heic.ts';
import { jpeg } from './jpeg/jpeg.ts';
import { png } from './png/png.ts';
import { webp } from './webp/webp.ts';

export const CONTAINERS: Readonly<Record<ImageType, Container>> = {
  'image/jpeg': jpeg,
  'image/png': png,
  'image/webp': webp,
  'image/gif': gif,
  'image/avif': avif,
  'image/heic': heic,
};
