import { damagedImage } from '../../image-rejections.ts';
import type { ItemCodec } from '../isobmff/stripped-meta.ts';
import { lengthBytesOf, stripConfiguration } from './hevc-configuration.ts';
import { stripNalUnits } from './nal-units.ts';

/** HEVC images as items (ISO/IEC 23008-12, B.2). */
export const HEVC_CODEC: ItemCodec = {
  items: new Set(['hvc1', 'hev1']),
  configuration: 'hvcC',
  properties: { hvcC: stripConfiguration },
  stripCoded(data, configuration) {
    if (configuration === undefined) throw damagedImage('an image has no HEVC configuration');
    stripNalUnits(data, lengthBytesOf(configuration));
  },
};
