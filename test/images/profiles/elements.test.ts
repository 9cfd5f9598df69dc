import { describe, expect, it } from 'vitest';
import { rebuildElement } from '../../../shared/images/profiles/elements.ts';
import { UnusableProfileError } from '../../../shared/images/profiles/unusable-profile.ts';
import {
  codePoints,
  curveTable,
  formula,
  gamma,
  lookupTable,
  matrix,
  pipeline,
  type Table,
  xyz,
} from '../../fixtures/profile-elements.ts';
import { altered } from './profile-tags.ts';

const TABLE: Table = { inputs: 3, outputs: 3, points: 3, convert: (values) => values };

/** Elements without a byte that means nothing. */
const WHOLE: readonly (readonly [name: string, Buffer])[] = [
  ['a colour', xyz(0.5, -0.5, 1)],
  ['a matrix', matrix([1, 2, 3, 4, 5, 6, 7, 8, 9])],
  ['code points', codePoints(9, 16, 0, 1)],
  ['no curve', Buffer.from('curv\0\0\0\0\0\0\0\0')],
  ['a gamma', gamma(2.2)],
  ['a curve', curveTable(33, (value) => value)],
  ['a formula of type 0', formula(0, [2.2])],
  ['a formula of type 1', formula(1, [2.2, 1, 0])],
  ['a formula of type 2', formula(2, [2.2, 1, 0, 0])],
  ['a formula of type 3', formula(3, [2.2, 1, 0, 1, 0])],
  ['a formula of type 4', formula(4, [2.2, 1, 0, 1, 0, 0, 0])],
  ['a table of 8 bits', lookupTable(TABLE, 1)],
  ['a table of 16 bits', lookupTable(TABLE, 2)],
  ['a table from four inputs', lookupTable({ ...TABLE, inputs: 4 }, 2)],
];

describe.each(WHOLE)('%s', (_, element) => {
  it('stays as it is', () => {
    expect(rebuildElement(element)).toEqual(element);
  });

  it('loses what is written behind it and in its reserved bytes', () => {
    const longer = Buffer.concat([element, Buffer.from('SERIAL-0042')]);
    expect(rebuildElement(altered(longer, (copy) => copy.write('text', 4)))).toEqual(element);
  });

  it('is refused with a byte less', () => {
    expect(() => rebuildElement(element.subarray(0, -1))).toThrow(UnusableProfileError);
  });
});

describe('an element loses what is in the reserved bytes', () => {
  it.each([
    ['of a formula', formula(0, [2.2]), 10, 12],
    ['of a table', lookupTable(TABLE, 1), 11, 12],
    ['of a pipeline', rebuildElement(pipeline('mAB ', TABLE, 1)), 10, 12],
  ])('%s', (_, element, start, end) => {
    expect(rebuildElement(altered(element, (copy) => copy.fill('x', start, end)))).toEqual(element);
  });
});

describe('an element is refused', () => {
  const table = lookupTable(TABLE, 2);

  it.each<[string, Buffer]>([
    ['is empty', Buffer.alloc(0)],
    ['is of an unknown type', Buffer.from('mpet\0\0\0\0\0\x03\0\x03\0\0\0\0')],
    ['is a curve of more values than there are', altered(gamma(2), (copy) => copy.writeUInt32BE(2, 8))],
    ['is a curve of more values than there can be', altered(gamma(2), (copy) => copy.writeUInt32BE(0xffffffff, 8))],
    ['is a formula of an unknown type', altered(formula(4, Array(7).fill(1)), (copy) => copy.writeUInt16BE(5, 8))],
    ['is a table without inputs', altered(table, (copy) => copy.writeUInt8(0, 8))],
    ['is a table without outputs', altered(table, (copy) => copy.writeUInt8(0, 9))],
    ['is a table of more values than there can be', altered(table, (copy) => copy.fill(0xff, 8, 11))],
    ['is a table of 255 values in 15 directions', altered(table, (copy) => copy.write('\x0f\x03\xff', 8, 'latin1'))],
    ['is a table of one value', altered(table, (copy) => copy.writeUInt8(1, 10))],
    ['is a table of no value', altered(table, (copy) => copy.writeUInt8(0, 10))],
    ['is a table with curves of one value', altered(table, (copy) => copy.writeUInt16BE(1, 48))],
    ['is a table with curves of 4097 values', altered(table, (copy) => copy.writeUInt16BE(4097, 50))],
    ['has a range that does not exist', codePoints(9, 16, 0, 2)],
  ])('if it %s', (_, element) => {
    expect(() => rebuildElement(element)).toThrow(UnusableProfileError);
  });
});

describe.each(['mAB ', 'mBA '] as const)('a pipeline of type "%s"', (type) => {
  // The parts, as the fixture lays them out: 8 bytes of text, M and B curves, matrix, A curves, grid, 8 bytes of text.
  const element = pipeline(type, TABLE, 2);
  const [matrixAt, aAt, gridAt] = [88, 136, 184];
  const [B, MATRIX, M, GRID, A] = [12, 16, 20, 24, 28];
  const at = (offset: number, value: number) => altered(element, (copy) => copy.writeUInt32BE(value, offset));
  const rebuilt = rebuildElement(element);

  it('keeps its parts where they are, and nothing between, behind and beside them', () => {
    const expected = altered(element.subarray(0, -8), (copy) => {
      copy.fill(0, 32, 40);
      copy.fill(0, gridAt + 3, gridAt + 16);
    });
    expect(rebuilt).toEqual(expected);
    expect(rebuildElement(rebuilt)).toEqual(rebuilt);
  });

  it('is refused with a byte less', () => {
    expect(() => rebuildElement(rebuilt.subarray(0, -1))).toThrow(UnusableProfileError);
  });

  it('may be curves alone, or curves with a matrix', () => {
    const withoutGrid = altered(rebuilt, (copy) => copy.fill(0, GRID, A + 4));
    expect(rebuildElement(withoutGrid)).toEqual(withoutGrid.subarray(0, aAt));
    const curves = altered(withoutGrid, (copy) => copy.fill(0, MATRIX, M + 4));
    expect(rebuildElement(curves)).toEqual(curves.subarray(0, matrixAt - 2)); // without padding
  });

  it.each<[string, Buffer]>([
    ['has no B curves', at(B, 0)],
    ['has a matrix without M curves', at(M, 0)],
    ['has M curves without a matrix', at(MATRIX, 0)],
    ['has a grid without A curves', at(A, 0)],
    ['has A curves without a grid', at(GRID, 0)],
    ['has a part in its own head', at(MATRIX, 28)],
    ['has a part at no multiple of 4', at(MATRIX, matrixAt + 1)],
    ['has curves where there are none', at(B, matrixAt)],
    ['has its curves behind its end', at(B, element.length + 4)],
    ['has its matrix behind its end', at(MATRIX, 0xfffffffc)],
    ['has its grid behind its end', at(GRID, 0xfffffffc)],
    ['has its curves at its end', at(A, element.length - 12)],
    ['has no inputs', altered(element, (copy) => copy.writeUInt8(0, 8))],
    ['has 255 outputs', altered(element, (copy) => copy.writeUInt8(255, 9))],
    ['has values of no bytes', altered(element, (copy) => copy.writeUInt8(0, gridAt + 16))],
    ['has values of three bytes', altered(element, (copy) => copy.writeUInt8(3, gridAt + 16))],
    ['has a grid of one value', altered(element, (copy) => copy.writeUInt8(1, gridAt))],
    ['has a grid of more values than there are', altered(element, (copy) => copy.writeUInt8(4, gridAt + 2))],
    ['has a grid of more values than there can be', altered(element, (copy) => copy.fill(0xff, gridAt, gridAt + 16))],
    [
      'changes the number of channels without a grid',
      altered(element, (copy) => copy.fill(0, GRID, A + 4).writeUInt8(4, type === 'mAB ' ? 8 : 9)),
    ],
  ])('is refused if it %s', (_, wrong) => {
    expect(() => rebuildElement(wrong)).toThrow(UnusableProfileError);
  });
});
