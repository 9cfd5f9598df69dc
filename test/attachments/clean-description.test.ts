import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanDescription } from '../../shared/attachments/clean-description.ts';

/** Any sequence of UTF-16 code units, halves of pairs too, with many of those that are changed. */
const anyText = fc
  .array(fc.oneof(fc.nat(0xffff), fc.nat(0xa0), fc.constantFrom(0x2028, 0x2029, 0xd800, 0xdfff)), { maxLength: 200 })
  .map((units) => String.fromCharCode(...units));

function always(holds: (clean: string, raw: string) => void): void {
  fc.assert(fc.property(anyText, (raw) => holds(cleanDescription(raw) ?? '', raw)));
}

describe('a clean description', () => {
  it.each([
    'A boat on the sea',
    'two\n\nparagraphs, \tindented',
    '👨‍👩‍👧‍👦 at the 🏖️',
    'می‌خواهم \u200fעברית\u200f and \u2066isolated\u2069',
    'e\u0301 stays as it was typed',
  ])('keeps %j', (text) => {
    expect(cleanDescription(text)).toBe(text);
  });

  it.each([
    ['  blank ends \n', 'blank ends'],
    ['a\r\nb\rc\x85d\u2028e\u2029f', 'a\nb\nc\nd\ne\nf'],
    ['a\0\x07\x1b[31m\x7f\x9bb', 'a[31mb'],
    ['half \ud83d of a pair', 'half \ufffd of a pair'],
  ])('of %j is %j', (raw, clean) => {
    expect(cleanDescription(raw)).toBe(clean);
  });

  it.each(['', ' ', '\0', '\r\n\t\u00a0'])('is none where nothing is left of %j', (raw) => {
    expect(cleanDescription(raw)).toBeUndefined();
  });

  it('is well-formed text without controls, and has no more characters than it was made of', () => {
    always((clean, raw) => {
      expect(clean.isWellFormed()).toBe(true);
      expect(clean).not.toMatch(/[\p{Cc}--[\t\n]]/v);
      expect([...clean].length).toBeLessThanOrEqual([...raw].length);
    });
  });

  it('stays the same when it is cleaned again', () => {
    always((clean) => {
      expect(cleanDescription(clean) ?? '').toBe(clean);
    });
  });
});
