import { describe, expect, it } from 'vitest';
import { chooseParts } from '../../shared/storage/multipart-parts.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const part = (partNumber: number, size: number) => ({ partNumber, size, eTag: `${partNumber}` });

describe('the parts of an object', () => {
  it.each([
    ['one part of 5 GiB', [part(1, 5 * GIB)]],
    ['parts of 5 MiB and a byte', [part(1, 5 * MIB), part(2, 5 * MIB), part(9, 1)]],
    ['as many as there can be', Array.from({ length: 1000 }, (_, at) => part(9001 + at, 5 * MIB))],
  ])('may be %s', (_, parts) => {
    const contentLength = parts.reduce((sum, { size }) => sum + size, 0);
    expect(chooseParts(parts, { parts: parts.toReversed(), contentLength })).toEqual(parts);
  });

  it('cannot be more than 5 GiB together', () => {
    const parts = [part(1, 5 * GIB), part(2, 1)];
    expect(() => chooseParts(parts, { parts, contentLength: 5 * GIB + 1 })).toThrow(RangeError);
  });

  it('are refused by number, the first wrong one at once', () => {
    const uploaded = [part(1, 5 * MIB), part(2, 5 * MIB - 1), part(3, 1)];
    const refusal = (parts: typeof uploaded, contentLength = 10 * MIB) => {
      try {
        return chooseParts(uploaded, { parts, contentLength });
      } catch (error) {
        return error;
      }
    };
    expect(refusal(uploaded)).toMatchObject({
      code: 'invalid_parts',
      partNumber: 2,
      message: 'part 2 has 5242879 bytes; all but the last have 5242880 or more',
    });
    expect(refusal(uploaded.slice(0, 2), 1)).toMatchObject({
      code: 'invalid_parts',
      partNumber: undefined,
      message: 'the parts have 10485759 bytes together, not the declared 1',
    });
  });
});
