import { rebuildCurve } from './curves.ts';
import { rebuildLookupTable } from './lookup-tables.ts';
import { rebuildPipeline } from './pipelines.ts';
import { requireThat } from './unusable-profile.ts';

/**
 * A tag's element, no longer than its own structure says, with zero in all reserved and unused bytes.
 *
 * Every type here names each of its bytes a fixed number of times at most, so what an element costs a decoder is linear
 * in its length: a curve or a table is read once; a pipeline has at most three sets of curves and one table.
 *
 * @throws UnusableProfileError when it is of no known type or has no room for its structure
 */
export function rebuildElement(element: Buffer): Buffer {
  requireThat(element.length >= 12, 'its elements have a type and a value');
  const rebuild = REBUILD[element.toString('latin1', 0, 4)];
  requireThat(rebuild !== undefined, 'the types of its elements are known');
  return rebuild(element);
}

/** ICC.1:2022, clause 10. */
const REBUILD: Readonly<Record<string, (element: Buffer) => Buffer>> = {
  'XYZ ': (element) => rebuildNumbers(element, 3),
  sf32: (element) => rebuildNumbers(element, 9),
  cicp: rebuildCodePoints,
  curv: rebuildCurve,
  para: rebuildCurve,
  mft1: rebuildLookupTable,
  mft2: rebuildLookupTable,
  'mAB ': rebuildPipeline,
  'mBA ': rebuildPipeline,
};

/** `count` numbers of 4 bytes: one colour, or a 3 x 3 matrix. */
function rebuildNumbers(element: Buffer, count: number): Buffer {
  const end = 8 + 4 * count;
  requireThat(end <= element.length, 'its elements hold as many numbers as their tags need');
  const rebuilt = Buffer.from(element.subarray(0, end));
  return rebuilt.fill(0, 4, 8);
}

/** Colour primaries, transfer characteristics, matrix coefficients and range (ITU-T H.273). */
function rebuildCodePoints(element: Buffer): Buffer {
  requireThat(element.readUInt8(11) <= 1, 'its range is full or limited');
  const rebuilt = Buffer.from(element.subarray(0, 12));
  return rebuilt.fill(0, 4, 8);
}
