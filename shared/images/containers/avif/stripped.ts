import { strippedFile } from '../isobmff/stripped-file.ts';
import { AV1_CODEC } from './av1-codec.ts';
import { stripFilm } from './film.ts';

/**
 * An AVIF without its metadata, animated or not. The image is upright by its properties, never by Exif (MIAF 7.3.6.7).
 * @throws ContentRejectedError image_damaged, also for films in fragments and for items, properties and tracks that this
 * product does not know
 */
export function* strippedAvif(file: Buffer): Generator<Uint8Array> {
  yield strippedFile(file, AV1_CODEC, stripFilm);
}
