import type { CodedBits, HuffmanTable } from './huffman.ts';
import type { JpegScan } from './scans.ts';

/** A bit for each of the 64 coefficients of each block, two numbers a block: those that earlier scans have set. */
export type KnownCoefficients = Uint32Array;

export interface BlockTables {
  readonly dc: HuffmanTable;
  readonly ac: HuffmanTable;
}

const AC_BITS = 0x0f;
/** Sixteen zeros, and the block goes on. */
const RUN_OF_ZEROS = 15;

/** Passes over the codes of one block of a sequential scan (ITU-T T.81, F.2.2). */
export function walkSequentialBlock(bits: CodedBits, { dc, ac }: BlockTables): void {
  bits.skip(bits.symbol(dc));
  for (let index = 1; index < 64; index++) {
    const symbol = bits.symbol(ac);
    const size = symbol & AC_BITS;
    const run = symbol >> 4;
    if (size === 0 && run < RUN_OF_ZEROS) return;
    index += run;
    bits.skip(size);
  }
}

/** Passes over the codes of blocks of one progressive scan, between two restart markers (ITU-T T.81, G.1.2). */
export class ProgressiveWalk {
  readonly #bits: CodedBits;
  readonly #scan: JpegScan;
  /** The coefficients of the scan, as bits of the two numbers of a block. */
  readonly #masks: { readonly low: number; readonly high: number };
  /** Blocks that are known to have nothing more in this scan. */
  #emptyBlocks = 0;

  constructor(bits: CodedBits, scan: JpegScan) {
    this.#bits = bits;
    this.#scan = scan;
    this.#masks = { low: maskOf(scan.first, scan.last), high: maskOf(scan.first - 32, scan.last - 32) };
  }

  block({ dc, ac }: BlockTables, known: KnownCoefficients, block: number): void {
    const { first, bitsBefore } = this.#scan;
    if (first === 0) this.#bits.skip(bitsBefore === 0 ? this.#bits.symbol(dc) : 1);
    else if (bitsBefore === 0) this.#firstBits(ac, known, block);
    else this.#nextBits(ac, known, block);
  }

  #firstBits(table: HuffmanTable, known: KnownCoefficients, block: number): void {
    if (this.#emptyBlocks > 0) {
      this.#emptyBlocks -= 1;
      return;
    }
    const { first, last } = this.#scan;
    for (let index = first; index <= last; index++) {
      const symbol = this.#bits.symbol(table);
      const size = symbol & AC_BITS;
      const run = symbol >> 4;
      if (size === 0 && run < RUN_OF_ZEROS) {
        this.#emptyBlocks = this.#emptyRun(run) - 1;
        return;
      }
      index += run;
      this.#bits.skip(size);
      if (size > 0) setKnown(known, block, index);
    }
  }

  /** A coefficient that is known has one more bit; zeros are counted over those that are not. */
  #nextBits(table: HuffmanTable, known: KnownCoefficients, block: number): void {
    if (this.#emptyBlocks > 0) {
      this.#skipKnown(known, block);
      this.#emptyBlocks -= 1;
      return;
    }
    const { first, last } = this.#scan;
    let index = first;
    while (this.#emptyBlocks === 0 && index <= last) {
      const symbol = this.#bits.symbol(table);
      const isNew = (symbol & AC_BITS) !== 0;
      const run = symbol >> 4;
      if (isNew) this.#bits.skip(1);
      else if (run < RUN_OF_ZEROS) {
        this.#emptyBlocks = this.#emptyRun(run);
        break;
      }
      index = this.#skipZeros(known, block, index, run);
      if (isNew && index <= last) setKnown(known, block, index);
      index += 1;
    }
    if (this.#emptyBlocks === 0) return;
    this.#skipZeros(known, block, index, Number.POSITIVE_INFINITY);
    this.#emptyBlocks -= 1;
  }

  /** One bit for each coefficient of the scan that is known, without a look at each of them. */
  #skipKnown(known: KnownCoefficients, block: number): void {
    const low = (known[2 * block] ?? 0) & this.#masks.low;
    const high = (known[2 * block + 1] ?? 0) & this.#masks.high;
    if (low === 0 && high === 0) return;
    for (let left = bitCount(low) + bitCount(high); left > 0; left -= 16) this.#bits.skip(Math.min(left, 16));
  }

  #emptyRun(run: number): number {
    return (1 << run) + this.#bits.bits(run);
  }

  /** Passes over `zeros` coefficients that are not known, and gives the index of the next one that is not. */
  #skipZeros(known: KnownCoefficients, block: number, from: number, zeros: number): number {
    let left = zeros;
    for (let index = from; index <= this.#scan.last; index++) {
      if (isKnown(known, block, index)) this.#bits.skip(1);
      else if (left === 0) return index;
      else left -= 1;
    }
    return this.#scan.last + 1;
  }
}

/** Bits `first` to `last` of a number of 32. */
function maskOf(first: number, last: number): number {
  let mask = 0;
  for (let bit = Math.max(first, 0); bit <= Math.min(last, 31); bit++) mask |= 1 << bit;
  return mask;
}

function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count += 1;
  return count;
}

function isKnown(known: KnownCoefficients, block: number, index: number): boolean {
  return ((known[2 * block + (index >> 5)] ?? 0) & (1 << (index & 31))) !== 0;
}

function setKnown(known: KnownCoefficients, block: number, index: number): void {
  const at = 2 * block + (index >> 5);
  known[at] = (known[at] ?? 0) | (1 << (index & 31));
}
