import { rgbaToThumbHash } from 'thumbhash';
import type { Pixels } from './decoder.ts';

/**
 * The picture as about 25 bytes, base64: a blurred placeholder that is drawn before the first byte of the picture
 * arrives (https://evanw.github.io/thumbhash/).
 *
 * @param pixels at most 100 x 100. The hash keeps seven waves each way, so 32 x 32 is plenty.
 */
export function thumbHashOf({ data, width, height, channels }: Pixels): string {
  const rgba = channels === 4 ? data : withAlpha(data);
  return Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64');
}

function withAlpha(rgb: Buffer): Buffer {
  const rgba = Buffer.alloc((rgb.length / 3) * 4, 0xff);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) rgb.copy(rgba, to, from, from + 3);
  return rgba;
}
