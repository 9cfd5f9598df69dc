import { damagedImage } from '../../image-rejections.ts';
import { codeSizeAt, type GifBlock, gifBlocks, TRAILER } from './blocks.ts';
import { endOfCodedPixels, LzwCodes } from './lzw.ts';

/**
 * The pieces of a GIF without its metadata, pixels and frames as they are: no comment, no text, of application data only
 * how often the animation is shown, nothing after the trailer. A missing trailer is added.
 *
 * The codes of each picture are followed to their end. Else a wrong length could make text a part of the pixels before
 * it: XMP in a GIF is written so that it can be read as data of any block.
 *
 * @throws ContentRejectedError image_damaged
 */
export function* strippedGif(file: Buffer): Generator<Uint8Array> {
  const codes = new LzwCodes();
  for (const block of gifBlocks(file)) {
    switch (block.kind) {
      case 'control':
        yield* controlBlock(file, block);
        break;
      case 'extension':
        yield* loopBlock(file, block);
        break;
      case 'image':
        yield* pictureBlock(file, block, codes);
        break;
      case 'trailer':
        yield TRAILER;
        break;
      default:
        yield file.subarray(block.start, block.end);
    }
  }
}

/** Disposal, delay and transparent colour of the next picture: four bytes. */
function* controlBlock(file: Buffer, { start }: GifBlock): Generator<Uint8Array> {
  if (file[start + 2] !== 4) throw damagedImage('a control block has another length than 4');
  yield* closedBlock(file, start, start + 7);
}

/** How a block begins that holds the number of rounds, under the two names for which browsers look. */
const LOOP_HEADS = new Set(['NETSCAPE2.0', 'ANIMEXTS1.0'].map((name) => `\x21\xff\x0b${name}\x03\x01`));
const LOOP_HEAD_BYTES = 16;

function* loopBlock(file: Buffer, { start }: GifBlock): Generator<Uint8Array> {
  const headEnd = start + LOOP_HEAD_BYTES;
  if (LOOP_HEADS.has(file.toString('latin1', start, headEnd))) yield* closedBlock(file, start, headEnd + 2);
}

function* pictureBlock(file: Buffer, { start }: GifBlock, codes: LzwCodes): Generator<Uint8Array> {
  const pixels = file.readUInt16LE(start + 5) * file.readUInt16LE(start + 7);
  const { blockAt, end } = endOfCodedPixels(file, { at: codeSizeAt(file, start), pixels, codes });
  const isWhole = end === blockAt || end === blockAt + 1 + (file[blockAt] ?? 0);
  if (isWhole) return yield* closedBlock(file, start, end);
  yield file.subarray(start, blockAt);
  yield Buffer.from([end - blockAt - 1]);
  yield* closedBlock(file, blockAt + 1, end);
}

const END_OF_BLOCK = Buffer.alloc(1);

/** What stands in `[start, end)`, and the zero that ends a block. */
function* closedBlock(file: Buffer, start: number, end: number): Generator<Uint8Array> {
  if (file[end] === 0) return yield file.subarray(start, end + 1);
  yield file.subarray(start, end);
  yield END_OF_BLOCK;
}
