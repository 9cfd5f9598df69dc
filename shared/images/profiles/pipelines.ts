import { copyCurves } from './curves.ts';
import { requireThat } from './unusable-profile.ts';

/**
 * A transform of version 4, `mAB` to the connection space or `mBA` back (ICC.1:2022, 10.12 and 10.13): A curves, a grid,
 * M curves, a matrix, B curves. Each part stays where it is in the element, and all bytes between the parts become zero.
 * @throws UnusableProfileError when the parts do not belong together or are not within the element
 */
export function rebuildPipeline(element: Buffer): Buffer {
  requireThat(element.length >= HEAD_BYTES, 'its pipelines are within their elements');
  const pipeline = readPipeline(element);
  requireKnownOrder(pipeline);
  const rebuilt = Buffer.alloc(element.length);
  element.copy(rebuilt, 0, 0, 4);
  element.copy(rebuilt, 8, 8, 10);
  element.copy(rebuilt, OFFSETS_AT, OFFSETS_AT, HEAD_BYTES);
  return rebuilt.subarray(0, copyParts(element, rebuilt, pipeline));
}

const OFFSETS_AT = 12;
const HEAD_BYTES = 32;

/** Channels, and where each part begins; 0 if there is no such part. */
interface Pipeline {
  readonly inputs: number;
  readonly outputs: number;
  readonly isToConnection: boolean;
  readonly b: number;
  readonly matrix: number;
  readonly m: number;
  readonly grid: number;
  readonly a: number;
}

function readPipeline(element: Buffer): Pipeline {
  const offset = (index: number) => element.readUInt32BE(OFFSETS_AT + 4 * index);
  return {
    inputs: element.readUInt8(8),
    outputs: element.readUInt8(9),
    isToConnection: element.toString('latin1', 0, 4) === 'mAB ',
    b: offset(0),
    matrix: offset(1),
    m: offset(2),
    grid: offset(3),
    a: offset(4),
  };
}

/** B alone; M, matrix, B; A, grid, B; or all. */
function requireKnownOrder({ inputs, outputs, b, matrix, m, grid, a }: Pipeline): void {
  const areOffsets = [b, matrix, m, grid, a].every((at) => at % 4 === 0 && (at === 0 || at >= HEAD_BYTES));
  requireThat(areOffsets && b > 0, 'the parts of its pipelines begin at a multiple of 4');
  requireThat(matrix > 0 === m > 0 && grid > 0 === a > 0, 'its matrices and grids have curves');
  requireThat(inputs >= 1 && inputs <= 15 && outputs >= 1 && outputs <= 15, 'its pipelines have 1 to 15 channels');
  requireThat(grid > 0 || inputs === outputs, 'its pipelines without a grid keep the number of channels');
}

/** @returns where the last part ends */
function copyParts(source: Buffer, target: Buffer, pipeline: Pipeline): number {
  const { b, matrix, m, grid, a, inputs, outputs, isToConnection } = pipeline;
  const [connection, device] = isToConnection ? [outputs, inputs] : [inputs, outputs];
  const ends = [copyCurves(source, target, { start: b, count: connection })];
  if (m > 0) ends.push(copyCurves(source, target, { start: m, count: MATRIX_CHANNELS }));
  if (matrix > 0) ends.push(copyMatrix(source, target, matrix));
  if (a > 0) ends.push(copyCurves(source, target, { start: a, count: device }));
  if (grid > 0) ends.push(copyGrid(source, target, pipeline));
  return Math.max(...ends);
}

const MATRIX_CHANNELS = 3;

/** Nine factors, three summands. */
function copyMatrix(source: Buffer, target: Buffer, start: number): number {
  const end = start + 48;
  requireThat(end <= source.length, 'its matrices are within their elements');
  source.copy(target, start, start, end);
  return end;
}

/** 16 bytes of grid points, of which each input has one, the bytes of a value, three reserved bytes, then the values. */
function copyGrid(source: Buffer, target: Buffer, { grid, inputs, outputs }: Pipeline): number {
  const precisionAt = grid + 16;
  const valuesAt = grid + 20;
  requireThat(valuesAt <= source.length, 'its grids are within their elements');
  const points = source.subarray(grid, grid + inputs);
  requireThat(
    points.every((count) => count >= 2),
    'its grids have two points or more in each direction',
  );
  const precision = source.readUInt8(precisionAt);
  requireThat(precision === 1 || precision === 2, 'the values of its grids have one byte or two');
  const end = valuesAt + points.reduce((product, count) => product * count, outputs * precision);
  requireThat(end <= source.length, 'its grids are within their elements');
  source.copy(target, grid, grid, grid + inputs);
  source.copy(target, precisionAt, precisionAt, precisionAt + 1);
  source.copy(target, valuesAt, valuesAt, end);
  return end;
}
