import { damagedImage } from '../../image-rejections.ts';
import { auxiliaryTypeEnd, isShownAuxiliary } from './auxiliary-types.ts';
import { type Box, emptyBox, keepStart } from './boxes.ts';
import { rebuildColour } from './colour-property.ts';

/**
 * How many bytes of a property's content mean something. May overwrite metadata inside them.
 * @throws ContentRejectedError image_damaged
 */
export type PropertyRule = (content: Buffer) => number;

/**
 * Empties the properties that do not say how an image is decoded, coloured, cropped or rotated, and zeros what follows the
 * meaning of the others. Colour profiles are rebuilt. The boxes stay: items name their properties by number.
 * @param ofCodec the rules for properties that only one codec has
 * @throws ContentRejectedError image_damaged, also for properties without a rule
 */
export function keepImageProperties(
  file: Buffer,
  properties: Iterable<Box>,
  ofCodec: Readonly<Record<string, PropertyRule>>,
): void {
  const rules = { ...IMAGE_PROPERTIES, ...ofCodec };
  for (const box of properties) {
    const content = file.subarray(box.contentStart, box.end);
    const rule = rules[box.type];
    if (METADATA_PROPERTIES.has(box.type) || isOtherAuxiliary(box.type, content)) emptyBox(file, box);
    else if (rule === undefined) throw damagedImage(`the property "${box.type}" is unknown`);
    else keepStart(file, box, rule(content));
    if (box.type === 'colr') rebuildColour(file, box);
  }
}

/** Images with such a type are removed, and it may be any text. */
function isOtherAuxiliary(type: string, content: Buffer): boolean {
  return type === 'auxC' && !isShownAuxiliary(content);
}

/** Descriptions, times, what the camera was set to, what belongs to no standard, and what is empty already. */
const METADATA_PROPERTIES = new Set([
  ...['udes', 'altt', 'crtt', 'mdft', 'itai', 'taic'],
  ...['aebr', 'wbbr', 'fobr', 'afbr', 'dobr', 'pano', 'cmin', 'cmex'],
  ...['uuid', 'free', 'skip'],
]);

/** ISO/IEC 14496-12, 12.1; ISO/IEC 23008-12, 6.5. */
const IMAGE_PROPERTIES: Readonly<Record<string, PropertyRule>> = {
  ispe: () => 12,
  pixi: depthBytes,
  colr: colourBytes,
  auxC: auxiliaryTypeEnd,
  irot: () => 1,
  imir: () => 1,
  clap: () => 32,
  pasp: () => 8,
  rloc: () => 12,
  clli: () => 4,
  mdcv: () => 24,
  cclv: colourVolumeBytes,
  amve: () => 8,
  ndwt: () => 8,
  lsel: () => 2,
};

/** Version and flags, how many channels there are, and how many bits each has. In more channels, text could be written. */
function depthBytes(content: Buffer): number {
  const channels = content[4] ?? 0;
  if (channels > MAX_CHANNELS) throw damagedImage(`its pixels have ${channels} channels`);
  return 5 + channels;
}

/** Three colours and alpha. */
const MAX_CHANNELS = 4;

/** A colour profile (`rICC`, `prof`) takes the rest of the box, colours by number (`nclx`) take 11 bytes. */
function colourBytes(content: Buffer): number {
  const isProfile = /^(?:rICC|prof)/.test(content.toString('latin1', 0, 4));
  return isProfile ? content.length : 11;
}

/** A byte of flags, the primaries in 24 bytes, and up to three brightnesses of 4 (ISO/IEC 14496-12, 12.1.9). */
function colourVolumeBytes(content: Buffer): number {
  const flags = content[0] ?? 0;
  const values = [0x10, 0x08, 0x04].filter((flag) => (flags & flag) !== 0);
  return 1 + ((flags & 0x20) === 0 ? 0 : 24) + 4 * values.length;
}
