import { damagedImage } from '../../image-rejections.ts';
import type { Box } from './boxes.ts';

/**
 * Checks that `ftyp` holds one brand, a version, and more brands, of four letters each (ISO/IEC 14496-12, 4.3).
 * @throws ContentRejectedError image_damaged
 */
export function checkBrands(file: Buffer, { contentStart, end }: Box): void {
  const brands =
    file.toString('latin1', contentStart, contentStart + 4) + file.toString('latin1', contentStart + 8, end);
  if (!/^(?:[\w ]{4})+$/.test(brands)) throw damagedImage('it does not say what it is');
}
