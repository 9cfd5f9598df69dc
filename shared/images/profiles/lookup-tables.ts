import { requireThat } from './unusable-profile.ts';

/**
 * A table of version 2, `mft1` with 8 bits or `mft2` with 16 (ICC.1:2022, 10.10 and 10.11): a matrix, curves for each
 * input, a grid, and curves for each output.
 * @throws UnusableProfileError when the element has no room for its tables
 */
export function rebuildLookupTable(element: Buffer): Buffer {
  requireThat(element.length >= WIDE_HEAD_BYTES, 'its tables are within their elements');
  const end = element.toString('latin1', 0, 4) === 'mft1' ? endOfBytes(element) : endOfWords(element);
  requireThat(end <= element.length, 'its tables are within their elements');
  const rebuilt = Buffer.from(element.subarray(0, end));
  rebuilt.fill(0, 4, 8);
  return rebuilt.fill(0, 11, 12);
}

const HEAD_BYTES = 48;

/** With the two counts of entries that `mft2` has. */
const WIDE_HEAD_BYTES = 52;

function endOfBytes(element: Buffer): number {
  return HEAD_BYTES + valuesOf(element, { input: 256, output: 256 });
}

function endOfWords(element: Buffer): number {
  const entries = { input: element.readUInt16BE(48), output: element.readUInt16BE(50) };
  const areCurves = [entries.input, entries.output].every((count) => count >= 2 && count <= 4096);
  requireThat(areCurves, 'the curves of its tables have 2 to 4096 entries');
  return WIDE_HEAD_BYTES + 2 * valuesOf(element, entries);
}

/** How many values all tables have together; beyond the integers of a double, still more than an element can hold. */
function valuesOf(element: Buffer, entries: { readonly input: number; readonly output: number }): number {
  const [inputs, outputs, points] = [element.readUInt8(8), element.readUInt8(9), element.readUInt8(10)];
  requireThat(inputs >= 1 && inputs <= 15 && outputs >= 1 && outputs <= 15, 'its tables have 1 to 15 channels');
  requireThat(points >= 2, 'its grids have two points or more in each direction');
  return entries.input * inputs + points ** inputs * outputs + entries.output * outputs;
}
