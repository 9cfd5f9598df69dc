import { damagedImage } from '../../image-rejections.ts';
import { type Box, boxes, emptyBox } from '../isobmff/boxes.ts';
import { areAv1Units } from './av1-units.ts';

/**
 * Empties the properties that do not say how a picture is decoded, coloured, cut or turned, and zeros what stands behind
 * the meaning of the others. The boxes stay: pictures name their properties by number.
 * @throws ContentRejectedError image_damaged, also for properties that this product does not know
 */
export function keepPictureProperties(file: Buffer, ipco: Box): void {
  for (const box of boxes(file, ipco.contentStart, ipco.end)) {
    const meaningOf = PICTURE_PROPERTIES[box.type];
    if (METADATA_PROPERTIES.has(box.type)) emptyBox(file, box);
    else if (meaningOf === undefined) throw damagedImage(`nobody knows the property "${box.type}"`);
    else file.fill(0, meaningEnd(box, meaningOf(file.subarray(box.contentStart, box.end))), box.end);
  }
}

function meaningEnd({ type, contentStart, end }: Box, bytes: number): number {
  if (contentStart + bytes > end) throw damagedImage(`the property "${type}" is shorter than it can be`);
  return contentStart + bytes;
}

/** Descriptions, times, what belongs to no standard, and what is empty already. */
const METADATA_PROPERTIES = new Set(['udes', 'altt', 'crtt', 'mdft', 'uuid', 'free', 'skip']);

/** How many bytes mean something: ISO/IEC 14496-12, 12.1; ISO/IEC 23008-12, 6.5; AVIF 1.1, 2.3; AV1-ISOBMFF, 2.3. */
const PICTURE_PROPERTIES: Readonly<Record<string, (content: Buffer) => number>> = {
  ispe: () => 12,
  pixi: (content) => 5 + (content[4] ?? 0),
  av1C: (content) => (areAv1Units(content.subarray(4)) ? content.length : 4),
  colr: (content) => (/^(?:rICC|prof)/.test(content.toString('latin1', 0, 4)) ? content.length : 11),
  auxC: (content) => content.indexOf(0, 4) + 1,
  irot: () => 1,
  imir: () => 1,
  clap: () => 32,
  pasp: () => 8,
  clli: () => 4,
  mdcv: () => 24,
  a1op: () => 1,
  a1lx: (content) => (((content[0] ?? 0) & 1) === 0 ? 7 : 13),
  lsel: () => 2,
};
