import { requireThat } from './unusable-profile.ts';

/** @throws UnusableProfileError when the element has no room for its curve */
export function rebuildCurve(element: Buffer): Buffer {
  const rebuilt = Buffer.alloc(element.length);
  return rebuilt.subarray(0, copyCurve(element, rebuilt, 0));
}

/**
 * Copies `count` curves, each but the last padded to a multiple of 4 bytes, to the same place in `target`.
 * @returns where the last curve ends
 * @throws UnusableProfileError when `source` has no room for them
 */
export function copyCurves(source: Buffer, target: Buffer, { start, count }: { start: number; count: number }): number {
  let end = start;
  for (let curve = 0; curve < count; curve++) end = copyCurve(source, target, end + (-end & 3));
  return end;
}

/** @returns where the curve ends */
function copyCurve(source: Buffer, target: Buffer, start: number): number {
  requireThat(start + HEAD_BYTES <= source.length, 'its curves are within their elements');
  const type = source.toString('latin1', start, start + 4);
  requireThat(type === 'curv' || type === 'para', 'its curves are tables or formulas');
  const end = type === 'curv' ? endOfTable(source, start) : endOfFormula(source, start);
  requireThat(end <= source.length, 'its curves are within their elements');
  source.copy(target, start, start, start + 4);
  source.copy(target, start + 8, start + 8, end);
  if (type === 'para') target.fill(0, start + 10, start + HEAD_BYTES); // reserved
  return end;
}

/** Type, four reserved bytes, then a count or a function type. */
const HEAD_BYTES = 12;

/** ICC.1:2022, 10.6: any number of values of 2 bytes; none is the identity, one a gamma. */
function endOfTable(source: Buffer, start: number): number {
  return start + HEAD_BYTES + 2 * source.readUInt32BE(start + 8);
}

/** ICC.1:2022, 10.18. */
function endOfFormula(source: Buffer, start: number): number {
  const parameters = PARAMETERS[source.readUInt16BE(start + 8)];
  requireThat(parameters !== undefined, 'its formulas are of a known type');
  return start + HEAD_BYTES + 4 * parameters;
}

/** How many each function type has. */
const PARAMETERS = [1, 3, 4, 5, 7];
