import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overwrite } from '../../../../shared/images/containers/heic/overwrite.ts';

/** As an encoder writes content into a unit (ITU-T H.265, 7.4.2): a 3 before each byte up to 3 that follows two zeros. */
function escaped(content: readonly number[]): number[] {
  const written: number[] = [];
  for (const byte of content) {
    if (byte <= 3 && written.at(-1) === 0 && written.at(-2) === 0) written.push(3);
    written.push(byte);
  }
  return written;
}

/** As a decoder reads it. */
function unescaped(unit: readonly number[]): number[] {
  let zeros = 0;
  return unit.filter((byte) => {
    const isDropped = zeros >= 2 && byte === 3;
    zeros = byte === 0 ? zeros + 1 : 0;
    return !isDropped;
  });
}

const bytes = fc.array(fc.oneof(fc.constantFrom(0, 0, 1, 3), fc.nat({ max: 255 })), { minLength: 1, maxLength: 40 });

describe('overwritten bytes of a unit', () => {
  it('have the same escapes, so that a decoder reads what follows at the same place', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (before, content, after) => {
        const all = escaped([...before, ...content, ...after]);
        const start = escaped(before).length;
        const end = escaped([...before, ...content]).length;
        const unit = Buffer.from(all);
        overwrite(unit, start, end);
        const read = unescaped([...unit]);
        expect(read).toHaveLength(before.length + content.length + after.length);
        expect(read.slice(0, before.length)).toEqual(before);
        expect(read.slice(-after.length)).toEqual(after);
        expect(escaped(read)).toEqual([...unit]);
      }),
      { numRuns: 3_000 },
    );
  });

  it('hold nothing but 255s, and zeros and ones around escapes', () => {
    const unit = Buffer.from([0x4e, 1, 9, 0, 7, 0, 0, 3, 2, 8, 0, 0, 0x80]);
    overwrite(unit, 2, 12);
    expect([...unit]).toEqual([0x4e, 1, 255, 255, 255, 0, 0, 3, 1, 255, 255, 255, 0x80]);
  });
});
