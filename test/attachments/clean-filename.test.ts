import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanFilename } from '../../shared/attachments/clean-filename.ts';

const FAMILY = '👨‍👩‍👧‍👦';
const ENGLAND = '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}';

/** What is hard about names, in any order and number. */
const hostileName = fc.string({
  unit: fc.constantFrom(
    ...['a', 'Z', '7', '.', ' ', '/', '\\', '"', '%', "'", ';', '_', '\t', '\r', '\n', '\0', '\x7f', '\x85'],
    ...['é', 'e\u0301', '\u0301', 'ß', 'ｆ', '／', '語', 'ក', 'م', 'ක', '\u0dca', 'ന', '\u0d4d', '\u212b', '\uf900'],
    ...['😀', '❤', '👩', '🏽', FAMILY, ENGLAND, '🇩🇪', '1\ufe0f\u20e3', '\u{e0067}', '\u{e007f}', '🏴'],
    ...['\u200b', '\u200c', '\u200d', '\ufe0f', '\u{e0100}', '\u180e', '\u034f', '\u115f', '\u3164', '\ufeff'],
    ...['\u200e', '\u202a', '\u202e', '\u2066', '\u2069', '\u061c', '\u00ad', '\u2028', '\u2029', '\u00a0', '\u3000'],
    ...['\ufff9', '\u{1d173}', '\ud800', '\udfff', '\uffff', '\u{10ffff}'],
  ),
  maxLength: 200,
  size: 'max',
});
/** Any sequence of UTF-16 code units, halves of pairs too. */
const anyUnits = fc
  .array(fc.nat(0xffff), { maxLength: 200, size: 'max' })
  .map((units) => String.fromCharCode(...units));
const anyName = fc.oneof(hostileName, anyUnits, fc.string({ unit: 'binary', maxLength: 20 }));

function always(holds: (name: string) => void): void {
  fc.assert(
    fc.property(anyName, (raw) => holds(cleanFilename(raw))),
    { numRuns: 500 },
  );
}

describe('a clean file name', () => {
  it.each([
    'report.pdf',
    '.gitignore',
    'archive.tar.gz',
    '100% "sure"; it\'s {fine}*.txt',
    'Übergrößenträger.docx',
    'отчёт за март.xlsx',
    '年度報告書　最終.pdf',
    '보고서.hwp',
    'รายงานน้ำ.pdf',
    'דוח שנתי.pdf',
    'تقرير ٢٠٢٦.pdf',
    'می‌خواهم.pdf', // Persian, with a non-joiner
    'ශ්‍රී ලංකා.pdf', // Sinhala, with a joiner
    'അവന്‍.txt', // Malayalam, with a joiner at the end of a word
    'क्‍ष.txt',
    '葛\u{e0100}城市.pdf', // a kanji with the form its owner writes
    'ᠬᠠᠨ᠎ᠠ.txt', // Mongolian, with a vowel separator
    '😀.png',
    `${FAMILY} at the 🏖️.jpg`,
    '👩🏽‍🚀❤️‍🔥🏳️‍🌈👩‍❤️‍💋‍👨.gif',
    '❤‍🔥.png', // as keyboards without the variation selector write it
    `${ENGLAND}🇩🇪#️⃣.svg`,
  ])('keeps %j', (name) => {
    expect(cleanFilename(name)).toBe(name);
  });

  it.each([
    ['C:\\Users\\ada\\photo.jpg', 'photo.jpg'],
    ['../../etc/passwd', 'passwd'],
    ['/var/tmp/', 'tmp'],
    ['folder/\u200b', 'folder'],
    ['  spaced.txt\u00a0', 'spaced.txt'],
    ['U\u0308bung.txt', 'Übung.txt'],
    ['a\r\nSet-Cookie: b=c.txt', 'aSet-Cookie: b=c.txt'],
    ['a\0.exe\0.jpg', 'a.exe.jpg'],
    ['photo\u202egpj.exe', 'photogpj.exe'],
    ['\u2066a\u2069\u200e\u200f\u061c.txt', 'a.txt'],
    ['\ufeffa\u00ad\u200b\u2060\u3164.txt', 'a.txt'],
    ['pay\u200dpal\u200c.txt', 'paypal.txt'],
    ['a\u{e0068}\u{e0069}.txt', 'a.txt'],
    ['❤\ufe0f\ufe0f\ufe01\ufe02.txt', '❤\ufe0f.txt'],
    ['😀\u200d.txt', '😀.txt'],
    ['x\ud83d.png', 'x\ufffd.png'],
  ])('of %j is %j', (raw, name) => {
    expect(cleanFilename(raw)).toBe(name);
  });

  it.each(['', ' ', '.', '..', '...', '/', 'a/..', '\u202e', '\u200d', '\ufe0f', '\u3164', '\r\n'])(
    'is "file" where nothing is left of %j',
    (raw) => {
      expect(cleanFilename(raw)).toBe('file');
    },
  );

  it.each([
    ['one word', 'a'.repeat(300), 'a'.repeat(255)],
    ['letters of one byte', `${'a'.repeat(300)}.pdf`, `${'a'.repeat(251)}.pdf`],
    ['letters of three bytes', `${'語'.repeat(100)}.pdf`, `${'語'.repeat(83)}.pdf`],
    ['emoji of many letters', `${FAMILY.repeat(20)}.png`, `${FAMILY.repeat(10)}.png`],
    ['an emoji at the limit', `${'a'.repeat(250)}${FAMILY}`, 'a'.repeat(250)],
    ['no extension, but a dot', `${'a'.repeat(250)} .${'b'.repeat(17)}`, `${'a'.repeat(250)} .bbb`],
    ['a space at the limit', `${'a'.repeat(254)} b`, 'a'.repeat(254)],
    ['a letter of more than 255 bytes', `a${'\u0315'.repeat(200)}.pdf`, 'file.pdf'],
    ['nothing but dots', '.'.repeat(300), 'file'],
  ])('is cut to 255 bytes between the characters that are seen, before the extension: %s', (_what, raw, name) => {
    expect(cleanFilename(raw)).toBe(name);
  });

  it('is never empty, a folder, or more than 255 bytes, whatever it was made of', () => {
    always((name) => {
      expect(name).toMatch(/^[^/\\]+$/);
      expect(name).not.toMatch(/^(\.*|\s.*|.*\s)$/s);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
    });
  });

  it('is composed, well-formed text', () => {
    always((name) => {
      expect(name.isWellFormed()).toBe(true);
      expect(name.normalize('NFC')).toBe(name);
    });
  });

  it('holds no control character, no line break and nothing that turns or hides text', () => {
    always((name) => {
      expect(name).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u00ad\u200b\u2060\u3164\ufeff\ufff9]/u);
      expect(name).not.toMatch(/[\w.-][\u200c\u200d]|^[\u200c\u200d]|\p{Variation_Selector}{2}/u);
    });
  });

  it('stays the same when it is cleaned again', () => {
    always((name) => {
      expect(cleanFilename(name)).toBe(name);
    });
  });
});
