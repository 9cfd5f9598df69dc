import { ContentRejectedError } from '../../../errors.ts';
import { damagedImage } from '../../image-rejections.ts';
import type { JpegSegment } from './segments.ts';

/** What the frame header says (ITU-T T.81, B.2.2). */
export interface JpegFrame {
  /** All coefficients of a block in one scan. */
  readonly isSequential: boolean;
  readonly width: number;
  readonly height: number;
  readonly components: readonly JpegComponent[];
}

export interface JpegComponent {
  readonly id: number;
  /** Blocks of 8 x 8 in each unit of an interleaved scan, 1 to 4 each way. */
  readonly across: number;
  readonly down: number;
}

const BASELINE = 0xc0;
const EXTENDED = 0xc1;
const PROGRESSIVE = 0xc2;
/** Frame headers of every coding; the three other markers of this range are tables. */
const FIRST_FRAME = 0xc0;
const LAST_FRAME = 0xcf;
const NO_FRAMES: ReadonlySet<number> = new Set([0xc4, 0xc8, 0xcc]);

/** Components that decoders accept: at most four inks. */
const MOST_COMPONENTS = 4;

export function isFrame({ marker }: JpegSegment): boolean {
  return marker >= FIRST_FRAME && marker <= LAST_FRAME && !NO_FRAMES.has(marker);
}

/**
 * Reads a frame header.
 * @throws ContentRejectedError image_too_complex for a coding that browsers do not show (lossless, hierarchical,
 * arithmetic); image_damaged
 */
export function readFrame(file: Buffer, { marker, start, dataEnd }: JpegSegment): JpegFrame {
  if (![BASELINE, EXTENDED, PROGRESSIVE].includes(marker)) throw unusualCoding();
  const data = file.subarray(start + 4, dataEnd);
  const count = data[5] ?? 0;
  if (count < 1 || count > MOST_COMPONENTS || data.length !== 6 + 3 * count)
    throw damagedImage('its frame is malformed');
  const components = Array.from({ length: count }, (_, index) => {
    const sampling = data[7 + 3 * index] ?? 0;
    return { id: data[6 + 3 * index] ?? 0, across: sampling >> 4, down: sampling & 0x0f };
  });
  if (components.some(({ across, down }) => !isSampling(across) || !isSampling(down))) {
    throw damagedImage('its frame is malformed');
  }
  const [height, width] = [data.readUInt16BE(1), data.readUInt16BE(3)];
  // A later segment may say the height; no decoder of browsers looks for it.
  if (height === 0 || width === 0) throw damagedImage('it has no size');
  return { isSequential: marker !== PROGRESSIVE, width, height, components };
}

function isSampling(factor: number): boolean {
  return factor >= 1 && factor <= 4;
}

function unusualCoding(): ContentRejectedError {
  return new ContentRejectedError('image_too_complex', 'only baseline, extended and progressive JPEGs are accepted');
}
