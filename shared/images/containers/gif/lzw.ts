import { damagedImage } from '../../image-rejections.ts';

/** Where the coded pixels of a picture end: before `end`, in the sub-block that begins at `blockAt`. */
export interface CodedEnd {
  readonly blockAt: number;
  readonly end: number;
}

/** One picture of a GIF. */
export interface CodedPicture {
  /** Where its code size stands; the first sub-block follows. */
  readonly at: number;
  /** Width x height. */
  readonly pixels: number;
  /** May be used for one picture after the other. */
  readonly codes: LzwCodes;
}

/**
 * Follows the codes of one picture without drawing it (GIF89a, appendix F): to the end code, to the last of its pixels,
 * or to the end of its data, whichever comes first. What stands after that is no part of the picture.
 *
 * @throws ContentRejectedError image_damaged at a code that stands for nothing: these are no coded pixels
 */
export function endOfCodedPixels(file: Buffer, { at, pixels, codes }: CodedPicture): CodedEnd {
  codes.begin(file[at] ?? 0);
  let lastPixel: CodedEnd | undefined;
  let drawn = 0;
  let waiting = 0;
  let waitingBits = 0;
  let blockAt = at + 1;
  for (let length = file[blockAt] ?? 0; length > 0; length = file[blockAt] ?? 0) {
    for (let byteAt = blockAt + 1; byteAt <= blockAt + length; byteAt++) {
      waiting |= (file[byteAt] ?? 0) << waitingBits;
      waitingBits += 8;
      while (waitingBits >= codes.bits) {
        const code = waiting & ((1 << codes.bits) - 1);
        waiting >>>= codes.bits;
        waitingBits -= codes.bits;
        if (code === codes.endCode) return { blockAt, end: byteAt + 1 };
        if (lastPixel) return lastPixel;
        drawn += codes.pixelsOf(code);
        if (drawn >= pixels) lastPixel = { blockAt, end: byteAt + 1 };
      }
    }
    blockAt += 1 + length;
  }
  return lastPixel ?? { blockAt, end: blockAt };
}

const MOST_CODES = 4096;
const MOST_CODE_BITS = 12;

/** How many pixels each code stands for, and how many bits the next one has. */
export class LzwCodes {
  bits = 0;
  endCode = 0;
  #codeSize = 0;
  #known = 0;
  /** Pixels of the code before; none at the start and after a clear code. */
  #before = 0;
  readonly #pixels = new Uint16Array(MOST_CODES);

  /** @throws ContentRejectedError image_damaged when there can be no codes of this size */
  begin(codeSize: number): void {
    if (codeSize < 1 || codeSize >= MOST_CODE_BITS) throw damagedImage('a picture has no code size');
    this.#codeSize = codeSize;
    this.endCode = (1 << codeSize) + 1;
    this.#pixels.fill(1, 0, this.endCode - 1).fill(0, this.endCode - 1, this.endCode + 1);
    this.#clear();
  }

  /**
   * How many pixels the next code draws. But for the first after a clear code, each also makes a new code, which stands
   * for the code before and one pixel more.
   */
  pixelsOf(code: number): number {
    if (code === this.endCode - 1) return this.#clear();
    if (this.#before > 0 && this.#known < MOST_CODES) {
      this.#pixels[this.#known] = this.#before + 1;
      this.#known += 1;
      if (this.#known === 1 << this.bits && this.bits < MOST_CODE_BITS) this.bits += 1;
    }
    const pixels = code < this.#known ? (this.#pixels[code] ?? 0) : 0;
    if (pixels === 0) throw damagedImage('a picture has a code that stands for nothing');
    this.#before = pixels;
    return pixels;
  }

  #clear(): number {
    this.#known = this.endCode + 1;
    this.bits = this.#codeSize + 1;
    this.#before = 0;
    return 0;
  }
}
