import { heicUnsupported } from '../../image-rejections.ts';
import type { Container } from '../container.ts';
import { strippedHeic } from './stripped.ts';

/** Never decoded: the prebuilt image library has no decoder for HEVC. */
export const heic: Container = {
  decodable() {
    throw heicUnsupported();
  },
  stripped: strippedHeic,
};
