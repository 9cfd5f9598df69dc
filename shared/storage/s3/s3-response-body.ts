import type { Readable } from 'node:stream';
import { s3ErrorOf } from './s3-errors.ts';

/** The bytes of an answer, with failures under the names of the port. `return()` gives its connection up. */
export function readResponse(stream: Readable, key: string): AsyncIterable<Uint8Array> {
  const chunks = readChunks(stream, key);
  const iterator: AsyncIterator<Uint8Array> = {
    next: () => chunks.next(),
    async return() {
      stream.destroy(); // a generator that has not begun would leave the stream open
      return chunks.return(undefined);
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

async function* readChunks(stream: Readable, key: string): AsyncGenerator<Uint8Array, undefined> {
  try {
    yield* stream;
  } catch (error) {
    throw s3ErrorOf(error, { key });
  }
}
