import { Readable } from 'node:stream';
import { LengthMismatchError } from '../../errors.ts';
import type { UploadFileInput } from '../storage-backend.ts';

/** A body of exactly the declared length. */
export interface UploadBody {
  readonly content: Uint8Array | Readable;
  readonly contentLength: number;
}

/**
 * The body to send. S3 stores an object as soon as it has as many bytes as were declared, so a stream gives its last
 * bytes only when its source has ended there: until then a wrong length fails the request instead of being cut.
 * @throws LengthMismatchError for a buffer of another length than declared; a stream has it as its error.
 */
export function createUploadBody({ key, body, contentLength }: UploadToSend): UploadBody {
  if (body instanceof Uint8Array) {
    if (contentLength !== undefined && contentLength !== body.byteLength) {
      throw new LengthMismatchError(key, contentLength);
    }
    return { content: body, contentLength: body.byteLength };
  }
  if (contentLength === undefined) throw new TypeError('a stream needs its contentLength');
  return { content: Readable.from(exactly(body, contentLength, key), { objectMode: false }), contentLength };
}

type UploadToSend = Pick<UploadFileInput, 'key' | 'body' | 'contentLength'>;

async function* exactly(source: AsyncIterable<Uint8Array>, length: number, key: string): AsyncGenerator<Uint8Array> {
  let seen = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of source) {
    seen += chunk.byteLength;
    if (seen > length) throw new LengthMismatchError(key, length);
    if (chunk.byteLength === 0) continue;
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (seen !== length) throw new LengthMismatchError(key, length);
  if (held !== undefined) yield held;
}
