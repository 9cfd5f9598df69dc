import { fixedTexts } from './fixed-texts.ts';
import { HEADER_BYTES } from './header.ts';
import { layOut } from './lay-out.ts';

/** A chromaticity: CIE x and y. */
export type Chromaticity = readonly [x: number, y: number];

export interface Primaries {
  readonly white: Chromaticity;
  readonly red: Chromaticity;
  readonly green: Chromaticity;
  readonly blue: Chromaticity;
}

const D65: Chromaticity = [0.3127, 0.329];

export const SRGB_PRIMARIES: Primaries = { white: D65, red: [0.64, 0.33], green: [0.3, 0.6], blue: [0.15, 0.06] };

/** From a coded value to light: a power, or `(a x + b) ** gamma` from `d` on and `c x` below it. */
export interface Transfer {
  readonly gamma: number;
  readonly a?: number;
  readonly b?: number;
  readonly c?: number;
  readonly d?: number;
}

/**
 * A display profile of version 4 for colours that are described by numbers (ICC.1:2022, 8.3.3). Undefined for primaries
 * that span no colours.
 */
export function makeProfile({
  primaries,
  transfer,
  isGrey,
}: {
  readonly primaries: Primaries;
  readonly transfer: Transfer;
  readonly isGrey: boolean;
}): Buffer | undefined {
  const curve = curveOf(transfer);
  if (isGrey) return profile('GRAY', { wtpt: xyz(D50), kTRC: curve });
  const toD50 = matrixToD50(primaries);
  if (toD50 === undefined) return undefined;
  const [red, green, blue] = [0, 1, 2].map((column) => xyz(toD50.map((row) => row[column] ?? 0)));
  return profile('RGB ', {
    wtpt: xyz(D50),
    rXYZ: red as Buffer,
    gXYZ: green as Buffer,
    bXYZ: blue as Buffer,
    rTRC: curve,
    gTRC: curve,
    bTRC: curve,
  });
}

type Vector = readonly number[];
type Matrix = readonly Vector[];

/** The white point of every profile's connection space. */
const D50: Vector = [0.9642, 1, 0.8249];
/** From XYZ to the responses of the eye's cones, by which whites are adapted (ICC.1:2022, annex E). */
const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];

function matrixToD50({ white, red, green, blue }: Primaries): Matrix | undefined {
  const columns = [red, green, blue].map(toXyz);
  const primaries = transposed(columns);
  const unscaled = inverse(primaries);
  const cones = inverse(BRADFORD);
  if (unscaled === undefined || cones === undefined || white[1] === 0) return undefined;
  const light = toXyz(white);
  const scale = times(unscaled, light);
  const toXyzMatrix = primaries.map((row) => row.map((value, column) => value * (scale[column] ?? 0)));
  const [from, to] = [times(BRADFORD, light), times(BRADFORD, D50)];
  const adapted = BRADFORD.map((row, index) => row.map((value) => (value * (to[index] ?? 0)) / (from[index] ?? 1)));
  return product(product(cones, adapted), toXyzMatrix);
}

function toXyz([x, y]: Chromaticity): Vector {
  return y === 0 ? [0, 0, 0] : [x / y, 1, (1 - x - y) / y];
}

function transposed(matrix: Matrix): Matrix {
  return [0, 1, 2].map((column) => matrix.map((row) => row[column] ?? 0));
}

function times(matrix: Matrix, vector: Vector): Vector {
  return matrix.map((row) => row.reduce((sum, value, index) => sum + value * (vector[index] ?? 0), 0));
}

function product(left: Matrix, right: Matrix): Matrix {
  return transposed(transposed(right).map((column) => times(left, column)));
}

/** By cofactors. Undefined if there is none. */
function inverse(matrix: Matrix): Matrix | undefined {
  const at = (row: number, column: number) => matrix[row % 3]?.[column % 3] ?? 0;
  const cofactor = (row: number, column: number) =>
    at(row + 1, column + 1) * at(row + 2, column + 2) - at(row + 1, column + 2) * at(row + 2, column + 1);
  const determinant = [0, 1, 2].reduce((sum, column) => sum + at(0, column) * cofactor(0, column), 0);
  if (Math.abs(determinant) < 1e-9) return undefined;
  return [0, 1, 2].map((row) => [0, 1, 2].map((column) => cofactor(column, row) / determinant));
}

function curveOf({ gamma, a, b = 0, c = 0, d = 0 }: Transfer): Buffer {
  const parameters = a === undefined ? [gamma] : [gamma, a, b, c, d];
  const kind = Buffer.from([0, a === undefined ? 0 : 3, 0, 0]);
  return Buffer.concat([Buffer.from('para\0\0\0\0'), kind, ...parameters.map(fixed)]);
}

function xyz(values: Vector): Buffer {
  return Buffer.concat([Buffer.from('XYZ \0\0\0\0'), ...values.map(fixed)]);
}

/** A signed number in 65,536ths. */
function fixed(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.round(value * 65_536))));
  return bytes;
}

const VERSION_4_4 = 0x0440_0000;

function profile(colourSpace: string, elements: Readonly<Record<string, Buffer>>): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(VERSION_4_4, 8);
  header.write(`mntr${colourSpace}XYZ `, 12, 'latin1');
  header.write('acsp', 36, 'latin1');
  xyz(D50).copy(header, 68, 8);
  const tags = Object.entries(elements).map(([signature, element]) => ({ signature, element }));
  return layOut(header, [...tags, ...fixedTexts({ majorVersion: 4 })]);
}
