import { damagedImage } from '../../image-rejections.ts';
import type { JpegFrame } from './frame.ts';
import { JPEG_MARKER, type JpegSegment, jpegSegment } from './segments.ts';

/** What a scan header says (ITU-T T.81, B.2.3). */
export interface JpegScan {
  readonly components: readonly ScanComponent[];
  /** The first and the last of the 64 coefficients. */
  readonly first: number;
  readonly last: number;
  /** The bits that were left out so far, and that are left out still. 0 and 0: all bits at once. */
  readonly bitsBefore: number;
  readonly bitsLeft: number;
}

export interface ScanComponent {
  readonly id: number;
  readonly dcTable: number;
  readonly acTable: number;
}

/** Sequential scans have all coefficients, whatever their header says: some phones write other numbers there. */
const ALL_COEFFICIENTS = { first: 0, last: 63, bitsBefore: 0, bitsLeft: 0 } as const;

/** @throws ContentRejectedError image_damaged */
export function readScan(file: Buffer, { start, dataEnd }: JpegSegment, frame: JpegFrame): JpegScan {
  const data = file.subarray(start + 4, dataEnd);
  const count = data[0] ?? 0;
  if (count < 1 || count > frame.components.length || data.length !== 4 + 2 * count) throw malformedScan();
  const components = Array.from({ length: count }, (_, index) => {
    const tables = data[2 + 2 * index] ?? 0;
    return { id: data[1 + 2 * index] ?? 0, dcTable: tables >> 4, acTable: tables & 0x0f };
  });
  if (!components.every(({ id }) => frame.components.some((component) => component.id === id))) throw malformedScan();
  if (frame.isSequential) return { components, ...ALL_COEFFICIENTS };
  const [first = 0, last = 0, bits = 0] = data.subarray(1 + 2 * count);
  if (first > last || last > 63) throw malformedScan();
  return { components, first, last, bitsBefore: bits >> 4, bitsLeft: bits & 0x0f };
}

/** The header of a scan, ready to be written. */
export function scanHeader({ components, first, last, bitsBefore, bitsLeft }: JpegScan): Buffer {
  const tables = components.flatMap(({ id, dcTable, acTable }) => [id, (dcTable << 4) | acTable]);
  return jpegSegment(
    JPEG_MARKER.SOS,
    Buffer.from([components.length, ...tables, first, last, (bitsBefore << 4) | bitsLeft]),
  );
}

const MISSING = 0xff;

/** Which bits of which coefficients have been seen. */
export class ScanCoverage {
  /** For each component the bits that are left out still of each coefficient. */
  readonly #left = new Map<number, Uint8Array>();

  /** @throws ContentRejectedError image_damaged when the scan does not go on where another one ended */
  add({ components, first, last, bitsBefore, bitsLeft }: JpegScan): void {
    for (const { id } of components) {
      const left = this.#left.get(id) ?? new Uint8Array(64).fill(MISSING);
      const expected = bitsBefore === 0 ? MISSING : bitsBefore;
      if (left.subarray(first, last + 1).some((bits) => bits !== expected)) throw malformedScan();
      this.#left.set(id, left.fill(bitsLeft, first, last + 1));
    }
  }

  /** Whether every bit of every coefficient of the frame has been seen. */
  isComplete({ components }: JpegFrame): boolean {
    return components.every(({ id }) => this.#left.get(id)?.every((bits) => bits === 0) ?? false);
  }
}

function malformedScan() {
  return damagedImage('a scan is malformed');
}
