import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { fileTypeFromBuffer } from 'file-type';
import { describe, expect, it } from 'vitest';
import { extensionOf, HEAD_BYTES, sniffType } from '../../shared/attachments/sniff-type.ts';
import { zipFile } from '../fixtures/containers.ts';
import { OTHER_FILES, SVG_FILES } from '../fixtures/hostile-files.ts';
import { animatedGif, avifPicture, deepPng, jpegPhoto, pngPicture, webpPicture } from '../fixtures/pictures.ts';
import { taggedApng } from '../fixtures/tagged/tagged-png.ts';

const bytes = (text: string, encoding: BufferEncoding = 'utf8') => Buffer.from(text, encoding);
const bigEndian = (text: string) => bytes(text, 'utf16le').swap16();

describe('the first bytes of a file', () => {
  it.each([
    ['plain words', bytes('hello'), 'text/plain'],
    ['words in another script, cut off in a character', bytes('Привет').subarray(0, -1), 'text/plain'],
    ['words in UTF-16', bytes('\ufeffhello', 'utf16le'), 'text/plain'],
    ['a page', bytes('  \n<!DOCTYPE html><p>'), 'text/html'],
    ['a page without a head', bytes('<script>alert(1)</script>'), 'text/html'],
    ['a page that begins with a comment', bytes('<!-- x --><html>'), 'text/html'],
    ['a page in UTF-16', bytes('\ufeff<html>', 'utf16le'), 'text/html'],
    ['a page in UTF-16, the other way round', bigEndian('\ufeff<html>'), 'text/html'],
    [
      'a page in XML',
      bytes('<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">'),
      'application/xhtml+xml',
    ],
    ['XML', bytes('<?xml version="1.0"?><a/>'), 'application/xml'],
    ['a drawing', bytes('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'), 'image/svg+xml'],
    ['a PNG', bytes('\x89PNG\r\n\x1a\n', 'latin1'), 'image/png'],
    ['a JPEG', bytes('\xff\xd8\xff\xe0', 'latin1'), 'image/jpeg'],
    ['HEIC', bytes('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), 'image/heic'],
    ['a PDF', bytes('%PDF-1.7'), 'application/pdf'],
    ['an archive', bytes('PK\x03\x04', 'latin1'), 'application/zip'],
    ['bytes of no type', bytes('\0\x01\x02\x03', 'latin1'), 'application/octet-stream'],
    ['words with a control character', bytes('a\x07b'), 'application/octet-stream'],
    ['nothing', Buffer.alloc(0), 'text/plain'],
  ])('say that it is %s', async (_, head, type) => {
    expect(await sniffType(head)).toBe(type);
  });

  it.each([
    ['JPEG', jpegPhoto, 'image/jpeg'],
    ['PNG', pngPicture, 'image/png'],
    ['PNG of 16 bits', deepPng, 'image/png'],
    ['animated PNG', taggedApng, 'image/png'],
    ['WebP', webpPicture, 'image/webp'],
    ['GIF', animatedGif, 'image/gif'],
    ['AVIF', avifPicture, 'image/avif'],
  ] as const)('say of every picture what the decoder will say: %s', async (_, make, type) => {
    expect(await sniffType((await make()).subarray(0, HEAD_BYTES))).toBe(type);
  });

  it.each([
    ['TIFF', 'image/tiff'],
    ['BMP', 'image/bmp'],
    ['ICO', 'image/x-icon'],
    ['PSD', 'image/vnd.adobe.photoshop'],
    ['JPEG XL', 'image/jxl'],
    ['MP4', 'video/mp4'],
  ])('say what a picture or a film is that is not decoded: %s', async (name, type) => {
    expect(await sniffType(OTHER_FILES[name] ?? Buffer.alloc(0))).toBe(type);
  });

  it.each(Object.entries(SVG_FILES))('say that a drawing is one: %s', async (_, file) => {
    expect(await sniffType(file.subarray(0, HEAD_BYTES))).toBe('image/svg+xml');
  });

  it('say what an archive holds, when it is a document', async () => {
    const main = (type: string) =>
      `<?xml version="1.0"?><Types><Override ContentType="application/vnd.openxmlformats-officedocument.${type}.main+xml"/></Types>`;
    for (const type of ['wordprocessingml.document', 'spreadsheetml.sheet', 'presentationml.presentation']) {
      const file = zipFile({ '[Content_Types].xml': main(type), 'body.xml': 'x'.repeat(10_000) });
      const expected = `application/vnd.openxmlformats-officedocument.${type}`;
      expect(await sniffType(file.subarray(0, HEAD_BYTES))).toBe(expected);
    }
    const text = 'application/vnd.oasis.opendocument.text';
    expect(await sniffType(zipFile({ mimetype: text, 'content.xml': '<a/>' }))).toBe(text);
    expect(await sniffType(zipFile({ 'a.txt': 'words' }))).toBe('application/zip');
    expect(await sniffType(gzipSync('words'))).toBe('application/gzip');
  });

  it.each([
    'BMW sells cars',
    'MZ, the initials',
    'GIFs are pronounced in two ways',
    'GIF',
    'PK said so',
    'ID3 tags, explained',
    'BZh',
    'FWS and CWS',
    'Rar!',
    'II*',
    'RIFF raff',
    'OggS of old',
    'solid ground',
    'ftypical',
  ])('are words although a list of signatures would call them something else: %j', async (words) => {
    expect(await sniffType(bytes(words))).toBe('text/plain');
    expect(await sniffType(bytes(`\ufeff${words}`))).toBe('text/plain');
  });

  it('are words in UTF-16 although they look like the start of sound', async () => {
    const page = bytes('\ufeff<!DOCTYPE html><html><body>', 'utf16le');
    expect(page.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xfe]));
    expect(await sniffType(page)).toBe('text/html');
    expect(await sniffType(bigEndian('\ufeff<!DOCTYPE html>'))).toBe('text/html');
    expect(await sniffType(Buffer.concat([page, Buffer.from([0, 0xd8])]))).toBe('text/html');
  });

  it.each(['BEGIN:VCARD\n', 'BEGIN:VCALENDAR\n', 'WEBVTT\n\n', '{\\rtf1 words}', '%!PS-Adobe-3.0\n', '%PDF-1.4\n'])(
    'say of which form a text is: %j',
    async (text) => {
      expect(await sniffType(bytes(text))).toBe((await fileTypeFromBuffer(bytes(text)))?.mime);
    },
  );

  it.each([
    'html',
    'head',
    'script',
    'iframe',
    'h1',
    'div',
    'font',
    'table',
    'a',
    'style',
    'title',
    'b',
    'body',
    'br',
    'p',
  ])('say that what browsers take for a page is one: <%s>', async (element) => {
    for (const end of ['>', ' ', '\n']) {
      expect(await sniffType(bytes(`\t\r\n <${element.toUpperCase()}${end}`))).toBe('text/html');
    }
    expect(await sniffType(bytes(`<${element}x>`))).toBe('text/plain');
    expect(await sniffType(bytes(`words, then <${element}>`))).toBe('text/plain');
  });

  it('are of no type when a picture only begins like one', async () => {
    expect(await sniffType(bytes('GIF90a\0\0\0\0', 'latin1'))).toBe('application/octet-stream');
  });

  it('never make it fail, and say a type of a known form', async () => {
    const starts = [
      ...Object.values(OTHER_FILES),
      zipFile({ '[Content_Types].xml': 'x', 'word/a.xml': '' }),
      gzipSync('words'.repeat(1_000)),
      ...['ID3', 'OggS', 'RIFF\0\0\0\0WAVE', '\x1aE\xdf\xa3', 'fLaC', 'MThd', '\xff\xfb', '\xff\xfe'].map((start) =>
        bytes(start, 'latin1'),
      ),
      bytes('0&\xb2u\x8ef\xcf\x11\xa6\xd9\0\xaa\0b\xcel', 'latin1'),
    ];
    const place = fc.nat({ max: 100 });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...starts),
        fc.uint8Array({ maxLength: 600 }),
        fc.array(fc.tuple(place, fc.nat({ max: 255 })), { maxLength: 3 }),
        async (start, rest, changes) => {
          const head = Buffer.concat([start, rest]);
          for (const [at, value] of changes) head[at % (head.length + 1)] = value;
          expect(await sniffType(head)).toMatch(/^[a-z]+\/[\w.+-]+$/);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('the end of a key', () => {
  it('tells an operator the type, if it is a usual one', () => {
    expect(extensionOf('image/jpeg')).toBe('jpg');
    expect(extensionOf('application/x-own')).toBe('bin');
    expect(['audio/webm', 'audio/mp4', 'audio/ogg', 'audio/matroska'].map(extensionOf)).toEqual([
      ...['webm', 'm4a', 'ogg', 'mka'],
    ]);
  });
});
