import { damagedImage } from '../../image-rejections.ts';
import type { ItemCodec } from '../isobmff/stripped-meta.ts';
import { areAv1Units, CONFIGURATION_UNITS, stripAv1Units } from './av1-units.ts';

/** AV1 images as items (AVIF 1.1, 2) and as samples of a film. */
export const AV1_CODEC: ItemCodec = {
  items: new Set(['av01']),
  configuration: 'av1C',
  properties: {
    av1C: configurationBytes,
    a1op: () => 1,
    a1lx: (content) => (((content[0] ?? 0) & 1) === 0 ? 7 : 13),
  },
  stripCoded: stripAv1,
};

function stripAv1(data: Buffer): void {
  if (!areAv1Units(data)) throw damagedImage('its AV1 data is something else');
  stripAv1Units(data);
}

/** Four bytes, then units that come before those of the image (AV1-ISOBMFF, 2.3.3). */
function configurationBytes(content: Buffer): number {
  const units = content.subarray(4);
  if (!areAv1Units(units, CONFIGURATION_UNITS)) return 4;
  stripAv1Units(units);
  return content.length;
}
