import { ContentRejectedError } from '../../../errors.ts';
import type { Container } from '../container.ts';
import { strippedHeic } from './stripped.ts';

/** HEVC is never decoded here: its patents forbid most builds of the library to do so. */
export const heic: Container = {
  decodable() {
    throw new ContentRejectedError('heic_unsupported', 'HEIC images are not accepted');
  },
  stripped: strippedHeic,
};
