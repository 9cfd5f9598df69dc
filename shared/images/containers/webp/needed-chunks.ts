import { ContentRejectedError } from '../../../errors.ts';
import { readOrientation, writeOrientation } from '../../exif-orientation.ts';
import { IMAGE_LIMITS } from '../../image-limits.ts';
import { damagedImage, profileTooLarge } from '../../image-rejections.ts';
import { rebuildProfile } from '../../profiles/rebuild-profile.ts';
import { joinPieces } from '../join-pieces.ts';
import { riffChunks, type WebpChunk, webpChunk, webpChunks, webpFile } from './chunks.ts';

export interface NeededParts {
  /** The library counts the frames from the start again for each: 40,000 tiny ones take it 4 s. */
  readonly frames: 'all' | 'first';
  /** Whether an Exif of orientation alone stays. */
  readonly keepOrientation: boolean;
}

/**
 * The pieces of a WebP that are needed to show it: no XMP, no chunk of an unknown type, not even inside a frame, the
 * colour profile rebuilt, nothing after the container (RFC 9649, 2.7).
 * @throws ContentRejectedError image_damaged, metadata_too_large
 */
export function* neededWebp(file: Buffer, parts: NeededParts): Generator<Uint8Array> {
  const [first] = webpChunks(file);
  if (first === undefined) throw damagedImage('it has no chunk');
  yield* webpFile(first.type === 'VP8X' ? extendedChunks(file, first, parts) : pictureChunks(file, [first]));
}

/** Flags in the first byte of `VP8X`. */
const FLAG = { animation: 0x02, exif: 0x08, alpha: 0x10, profile: 0x20 };
const HEADER_BYTES = 10;

/** `VP8X` says what else there is. What is there but not announced, decoders ignore. */
function* extendedChunks(file: Buffer, header: WebpChunk, parts: NeededParts): Generator<Uint8Array> {
  const data = atLeast(HEADER_BYTES, dataOf(file, header));
  const flags = data.readUInt8(0);
  const isAnnounced = (flag: number) => (flags & flag) !== 0;
  const profile = isAnnounced(FLAG.profile) ? profileIn(file) : undefined;
  const exif = parts.keepOrientation && isAnnounced(FLAG.exif) ? firstChunk(file, 'EXIF') : undefined;
  const orientation = exif === undefined ? 1 : readOrientation(dataOf(file, exif));

  const pixelFlags = flags & (FLAG.animation | FLAG.alpha);
  const newFlags = pixelFlags | (profile ? FLAG.profile : 0) | (orientation === 1 ? 0 : FLAG.exif);
  yield webpChunk('VP8X', Buffer.concat([Buffer.from([newFlags, 0, 0, 0]), data.subarray(4, HEADER_BYTES)]));
  if (profile) yield webpChunk('ICCP', profile);
  yield* isAnnounced(FLAG.animation) ? frameChunks(file, parts.frames) : pictureChunks(file, webpChunks(file));
  if (orientation !== 1) yield webpChunk('EXIF', writeOrientation(orientation));
}

function profileIn(file: Buffer): Buffer | undefined {
  const chunk = firstChunk(file, 'ICCP');
  if (chunk === undefined) return undefined;
  const data = dataOf(file, chunk);
  if (data.length > IMAGE_LIMITS.colourProfileBytes) throw profileTooLarge();
  return rebuildProfile(data);
}

function firstChunk(file: Buffer, type: string): WebpChunk | undefined {
  for (const chunk of webpChunks(file)) if (chunk.type === type) return chunk;
  return undefined;
}

/** The first chunk of pixels, and the alpha channel if one stands before it. */
function* pictureChunks(file: Buffer, chunks: Iterable<WebpChunk>): Generator<Uint8Array> {
  let hasAlpha = false;
  for (const chunk of chunks) {
    const isAlpha: boolean = chunk.type === 'ALPH' && !hasAlpha;
    const isLast = hasPixels(file, chunk);
    if (isAlpha || isLast) yield* wholeChunk(file, chunk);
    if (isLast) return;
    hasAlpha ||= isAlpha;
  }
  throw damagedImage('it has no pixels');
}

/** Lossy ones begin with three bytes and the start code of a key frame (RFC 6386, 9.1), lossless ones with a byte. */
function hasPixels(file: Buffer, { type, start }: WebpChunk): boolean {
  const dataStart = start + 8;
  if (type === 'VP8L') return file[dataStart] === 0x2f;
  return type === 'VP8 ' && file.toString('latin1', dataStart + 3, dataStart + 6) === '\x9d\x01\x2a';
}

/** Background and number of rounds. */
const ANIMATION_BYTES = 6;
/** Place, size, duration, and how it is drawn. */
const FRAME_HEAD_BYTES = 16;

function* frameChunks(file: Buffer, frames: NeededParts['frames']): Generator<Uint8Array> {
  const animation = firstChunk(file, 'ANIM');
  if (animation === undefined) throw damagedImage('nothing says how its frames are shown');
  yield webpChunk('ANIM', atLeast(ANIMATION_BYTES, dataOf(file, animation)).subarray(0, ANIMATION_BYTES));
  let count = 0;
  for (const chunk of webpChunks(file)) {
    if (chunk.type !== 'ANMF') continue;
    count += 1;
    if (count > IMAGE_LIMITS.webpFrames) throw tooManyFrames();
    yield frameChunk(file, chunk);
    if (frames === 'first') return;
  }
}

function frameChunk(file: Buffer, frame: WebpChunk): Buffer {
  const head = atLeast(FRAME_HEAD_BYTES, dataOf(file, frame)).subarray(0, FRAME_HEAD_BYTES);
  const chunks = riffChunks(file, frame.start + 8 + FRAME_HEAD_BYTES, frame.dataEnd);
  return webpChunk('ANMF', Buffer.concat([head, joinPieces(pictureChunks(file, chunks))]));
}

function dataOf(file: Buffer, { start, dataEnd }: WebpChunk): Buffer {
  return file.subarray(start + 8, dataEnd);
}

function atLeast(bytes: number, data: Buffer): Buffer {
  if (data.length < bytes) throw damagedImage('a chunk is shorter than it can be');
  return data;
}

const ZERO = Buffer.alloc(1);

/** A chunk as it is, but what makes it even is a zero. */
function* wholeChunk(file: Buffer, { start, dataEnd, end }: WebpChunk): Generator<Uint8Array> {
  const isEven = dataEnd % 2 === 0;
  if (isEven || (end > dataEnd && file[dataEnd] === 0)) return yield file.subarray(start, end);
  yield file.subarray(start, dataEnd);
  yield ZERO;
}

function tooManyFrames(): ContentRejectedError {
  return new ContentRejectedError('image_too_complex', `the WebP has more than ${IMAGE_LIMITS.webpFrames} frames`);
}
