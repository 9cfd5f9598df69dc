import { damagedImage } from '../../image-rejections.ts';

/** One block of a GIF (GIF89a, appendix B), from its first byte to its last. */
export interface GifBlock {
  readonly kind: 'header' | 'control' | 'extension' | 'image' | 'trailer';
  readonly start: number;
  readonly end: number;
}

const BYTE = { extension: 0x21, image: 0x2c, trailer: 0x3b, control: 0xf9 };

/**
 * All blocks up to the trailer. Bytes after it are no part of the image.
 * @throws ContentRejectedError image_damaged when the trailer is missing or something else than a block stands there
 */
export function* gifBlocks(file: Buffer): Generator<GifBlock> {
  const headerEnd = 13 + colourTableBytes(file, 10);
  yield { kind: 'header', start: 0, end: headerEnd };
  for (let start = headerEnd; ; ) {
    const block = blockAt(file, start);
    yield block;
    if (block.kind === 'trailer') return;
    start = block.end;
  }
}

function blockAt(file: Buffer, start: number): GifBlock {
  switch (file[start]) {
    case BYTE.trailer:
      return { kind: 'trailer', start, end: start + 1 };
    case BYTE.extension: {
      const kind = file[start + 1] === BYTE.control ? 'control' : 'extension';
      return { kind, start, end: endOfSubBlocks(file, start + 2) };
    }
    case BYTE.image:
      return { kind: 'image', start, end: endOfSubBlocks(file, codeSizeAt(file, start) + 1) };
    default:
      throw damagedImage('it ends before its trailer, or bytes stand between its blocks');
  }
}

/** Where the data of the picture that begins at `start` begins: after its place, its size and its own colours. */
export function codeSizeAt(file: Buffer, start: number): number {
  return start + 10 + colourTableBytes(file, start + 9);
}

/** Data comes in runs of a length byte and up to 255 bytes; a length of zero ends it. */
function endOfSubBlocks(file: Buffer, from: number): number {
  for (let at = from; ; ) {
    const length = file[at];
    if (length === undefined) throw damagedImage('it ends inside a block');
    at += 1 + length;
    if (length === 0) return at;
  }
}

/** Bytes of the colour table that the flags at `at` announce. */
function colourTableBytes(file: Buffer, at: number): number {
  const flags = file[at] ?? 0;
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 0x07) + 1);
}
