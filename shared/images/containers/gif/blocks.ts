import { damagedImage } from '../../image-rejections.ts';

/** One block of a GIF (GIF89a, appendix B), from its first byte to its last. */
export interface GifBlock {
  readonly kind: 'header' | 'control' | 'extension' | 'image' | 'trailer';
  readonly start: number;
  readonly end: number;
}

const BYTE = { extension: 0x21, image: 0x2c, trailer: 0x3b, control: 0xf9 };

/**
 * All blocks up to the trailer. Bytes after it are no part of the image. A block that is cut off, and a byte that begins
 * none, end the file as a trailer would, once there is a whole frame: so do browsers.
 * @throws ContentRejectedError image_damaged when there is no whole frame
 */
export function* gifBlocks(file: Buffer): Generator<GifBlock> {
  const headerEnd = 13 + colourTableBytes(file, 10);
  yield { kind: 'header', start: 0, end: headerEnd };
  let hasFrame = false;
  for (let start = headerEnd; ; ) {
    const block = blockAt(file, start);
    if (block === undefined && !hasFrame) throw damagedImage('it ends before its first frame does');
    yield block ?? { kind: 'trailer', start, end: start };
    if (block === undefined || block.kind === 'trailer') return;
    hasFrame ||= block.kind === 'image';
    start = block.end;
  }
}

export const TRAILER = Buffer.from([BYTE.trailer]);

function blockAt(file: Buffer, start: number): GifBlock | undefined {
  switch (file[start]) {
    case BYTE.trailer:
      return { kind: 'trailer', start, end: start + 1 };
    case BYTE.extension: {
      const kind = file[start + 1] === BYTE.control ? 'control' : 'extension';
      return blockUpTo(endOfSubBlocks(file, start + 2), { kind, start });
    }
    case BYTE.image:
      return blockUpTo(endOfSubBlocks(file, codeSizeAt(file, start) + 1), { kind: 'image', start });
    default:
      return undefined;
  }
}

function blockUpTo(end: number | undefined, block: Omit<GifBlock, 'end'>): GifBlock | undefined {
  return end === undefined ? undefined : { ...block, end };
}

/** Where the data of the picture that begins at `start` begins: after its place, its size and its own colours. */
export function codeSizeAt(file: Buffer, start: number): number {
  return start + 10 + colourTableBytes(file, start + 9);
}

/** Data comes in runs of a length byte and up to 255 bytes; a length of zero ends it. Undefined when it is cut off. */
function endOfSubBlocks(file: Buffer, from: number): number | undefined {
  for (let at = from; ; ) {
    const length = file[at];
    if (length === undefined) return undefined;
    at += 1 + length;
    if (length === 0) return at;
  }
}

/** Bytes of the colour table that the flags at `at` announce. */
function colourTableBytes(file: Buffer, at: number): number {
  const flags = file[at] ?? 0;
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 0x07) + 1);
}
