import { damagedImage } from '../../image-rejections.ts';

/** For each possible next 16 bits: the length of the code they begin with times 256, plus what it stands for. 0: none. */
export type HuffmanTable = Uint16Array;

const MOST_CODE_BITS = 16;

/** How a file writes a table: how many codes there are of each length, and what they stand for. */
export type HuffmanCodes = Buffer;

const LENGTHS = 16;

/**
 * The codes of a DHT segment, each under its class and destination in one byte (ITU-T T.81, B.2.4.2). Nothing is built of
 * them: a file may have millions that no scan uses.
 * @param data as checked by `isTable`
 */
export function* huffmanCodes(data: Buffer): Generator<readonly [id: number, codes: HuffmanCodes]> {
  for (let at = 0; at < data.length; ) {
    let end = at + 1 + LENGTHS;
    for (let index = at + 1; index <= at + LENGTHS; index++) end += data[index] ?? 0;
    yield [data.readUInt8(at), data.subarray(at + 1, end)];
    at = end;
  }
}

/** ITU-T T.81, annex C. */
export function huffmanTable(codes: HuffmanCodes): HuffmanTable {
  const counts = codes.subarray(0, LENGTHS);
  const symbols = codes.subarray(LENGTHS);
  const table = new Uint16Array(1 << MOST_CODE_BITS);
  let next = 0;
  let at = 0;
  for (let bits = 1; bits <= MOST_CODE_BITS; bits++) {
    const span = 1 << (MOST_CODE_BITS - bits);
    for (let count = counts[bits - 1] ?? 0; count > 0; count--) {
      table.fill((bits << 8) | (symbols[at] ?? 0), next, next + span);
      next += span;
      at += 1;
    }
  }
  return table;
}

/** Reads the coded pixels of one restart interval, up to the next marker. */
export class CodedBits {
  readonly #file: Buffer;
  #at: number;
  #waiting = 0;
  #bits = 0;
  /** Of these, bits of the file: without those that stand in for what comes after its end. */
  #realBits = 0;

  constructor(file: Buffer, at: number) {
    this.#file = file;
    this.#at = at;
  }

  /** @throws ContentRejectedError image_damaged for a code that stands for nothing, and at the end */
  symbol(table: HuffmanTable): number {
    this.#fill();
    const entry = table[(this.#waiting >>> (this.#bits - MOST_CODE_BITS)) & 0xffff] ?? 0;
    if (entry === 0) throw damagedImage('its pixels have a code that stands for nothing');
    this.#take(entry >> 8);
    return entry & 0xff;
  }

  /** The next `count` bits, 0 to 16. @throws ContentRejectedError image_damaged at the end */
  bits(count: number): number {
    this.#fill();
    const value = (this.#waiting >>> (this.#bits - count)) & ((1 << count) - 1);
    this.#take(count);
    return value;
  }

  /** Passes over `count` bits, 0 to 16. @throws ContentRejectedError image_damaged at the end */
  skip(count: number): void {
    if (count > MOST_CODE_BITS) throw damagedImage('its pixels have a code that stands for nothing');
    this.#fill();
    this.#take(count);
  }

  /** Where the byte after the last one of which bits were taken stands. */
  end(): number {
    let at = this.#at;
    for (let unread = this.#realBits >> 3; unread > 0; unread--) at -= this.#isStuffed(at - 2) ? 2 : 1;
    return at;
  }

  #fill(): void {
    while (this.#bits < MOST_CODE_BITS) {
      this.#waiting = ((this.#waiting << 8) | this.#nextByte()) & 0xffffff;
      this.#bits += 8;
    }
  }

  /** Ones behind the end, as encoders fill up the last byte. */
  #nextByte(): number {
    const byte = this.#file[this.#at] ?? 0xff;
    if (byte === 0xff && !this.#isStuffed(this.#at)) return 0xff;
    this.#at += byte === 0xff ? 2 : 1;
    this.#realBits += 8;
    return byte;
  }

  #isStuffed(at: number): boolean {
    return this.#file[at] === 0xff && this.#file[at + 1] === 0;
  }

  #take(count: number): void {
    this.#bits -= count;
    this.#realBits -= count;
    if (this.#realBits < 0) throw damagedImage('it ends before its last pixels');
  }
}
