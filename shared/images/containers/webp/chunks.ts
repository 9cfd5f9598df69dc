import { damagedImage } from '../../image-rejections.ts';
import { joinPieces } from '../join-pieces.ts';

/** One RIFF chunk: type, length, data `[start + 8, dataEnd)`, a zero to make it even. */
export interface WebpChunk {
  readonly type: string;
  readonly start: number;
  readonly dataEnd: number;
  readonly end: number;
}

const HEADER_BYTES = 12;

/** The file that consists of `chunks`: its header says how long they are together. */
export function* webpFile(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  const content = joinPieces(chunks);
  const header = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1');
  header.writeUInt32LE(content.length + 4, 4);
  yield header;
  yield content;
}

/**
 * All chunks of the container. Bytes after it are no part of the image.
 * @throws ContentRejectedError image_damaged when the file is shorter than it says
 */
export function webpChunks(file: Buffer): Generator<WebpChunk> {
  const fileEnd = file.length < HEADER_BYTES ? Number.POSITIVE_INFINITY : file.readUInt32LE(4) + 8;
  if (fileEnd > file.length) throw damagedImage('it is shorter than its header says');
  return riffChunks(file, HEADER_BYTES, fileEnd);
}

/**
 * The chunks in `[from, to)`.
 * @throws ContentRejectedError image_damaged when one does not fit
 */
export function* riffChunks(file: Buffer, from: number, to: number): Generator<WebpChunk> {
  for (let start = from; start + 8 <= to; ) {
    const dataEnd = start + 8 + file.readUInt32LE(start + 4);
    const end = dataEnd + (dataEnd % 2);
    if (dataEnd > to) throw damagedImage('it ends inside a chunk');
    yield { type: file.toString('latin1', start, start + 4), start, dataEnd, end: Math.min(end, to) };
    start = end;
  }
}

/** A chunk with its length, and a zero if that makes it even, ready to be written. */
export function webpChunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}
