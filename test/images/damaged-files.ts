import fc from 'fast-check';
import { ContentRejectedError } from '../../shared/errors.ts';
import type { ImageType } from '../../shared/images/formats.ts';
import { stripMetadata } from '../../shared/images/strip-metadata.ts';
import { secretsIn } from '../fixtures/tagged/secrets.ts';

/** Up to six bytes of a file, each with its place and what it becomes. */
export function changes(file: Buffer, most = file.length - 1): fc.Arbitrary<readonly (readonly [number, number])[]> {
  return fc.array(fc.tuple(fc.nat({ max: most }), fc.nat({ max: 255 })), { maxLength: 6 });
}

export function changedBy(file: Buffer, list: readonly (readonly [number, number])[]): Buffer {
  const damaged = Buffer.from(file);
  for (const [at, value] of list) damaged[at] = value;
  return damaged;
}

/** The places from which stripping has not removed the secret, or the code with which the file is refused. */
export function outcomeOfStripping(file: Buffer, type: ImageType): readonly string[] | string {
  try {
    return secretsIn(stripMetadata(file, type));
  } catch (error) {
    if (!(error instanceof ContentRejectedError)) throw error;
    return error.code;
  }
}

/** What may become of a damaged file. */
export const HARMLESS: readonly unknown[] = [[], 'metadata_not_strippable'];
