import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type GifBlock, gifBlocks } from '../../../../shared/images/containers/gif/blocks.ts';
import { stripMetadata } from '../../../../shared/images/strip-metadata.ts';
import { joined } from '../../../fixtures/containers.ts';
import { animatedGif } from '../../../fixtures/pictures.ts';
import { secret, secretsIn } from '../../../fixtures/tagged/secrets.ts';
import { taggedGif } from '../../../fixtures/tagged/tagged-gif.ts';

function strip(file: Uint8Array): Buffer {
  return Buffer.from(stripMetadata(file, 'image/gif'));
}

const REFUSED = expect.objectContaining({ code: 'metadata_not_strippable' });

/** One picture of `width` x 1 pixels in two colours, its codes of two bits and more in one run of data. */
function gifOf(width: number, coded: readonly number[], { codeSize = 2, before = '' } = {}): Buffer {
  return joined(
    'GIF89a',
    Buffer.from([width, 0, 1, 0, 0x80, 0, 0]),
    Buffer.from([0, 0, 0, 255, 255, 255]),
    before,
    Buffer.from([0x2c, 0, 0, 0, 0, width, 0, 1, 0, 0]),
    Buffer.from([codeSize, coded.length, ...coded, 0]),
    ';',
  );
}

/** Codes of three bits each, the lowest first: clear is 4, end is 5, and 6 stands for the first two pixels. */
function threeBits(...codes: number[]): number[] {
  const bits = codes.reduceRight((sum, code) => sum * 8 + code, 0);
  return Array.from({ length: Math.ceil((codes.length * 3) / 8) }, (_, index) => Math.floor(bits / 256 ** index) % 256);
}

describe('what a GIF keeps', () => {
  it('are its frames, how long each is shown, and how often all of them', async () => {
    const stripped = strip(await taggedGif());
    expect(await sharp(stripped).metadata()).toMatchObject({ pages: 2, delay: [100, 200], loop: 3 });
    const blocks = [...gifBlocks(stripped)].map(({ kind, start, end }) => ({ kind, bytes: end - start }));
    expect(blocks.map(({ kind }) => kind)).toEqual([
      'header',
      'extension',
      'control',
      'image',
      'control',
      'image',
      'trailer',
    ]);
    expect(blocks.filter(({ kind }) => kind === 'control' || kind === 'extension').map(({ bytes }) => bytes)).toEqual([
      19, 8, 8,
    ]);
  });

  it('are the rounds under either name', () => {
    for (const name of ['NETSCAPE2.0', 'ANIMEXTS1.0']) {
      const file = gifOf(2, threeBits(4, 0, 1, 5), { before: `!\xff\x0b${name}\x03\x01\x07\0\0` });
      expect(strip(file).equals(file)).toBe(true);
    }
    const other = gifOf(2, threeBits(4, 0, 1, 5), { before: '!\xff\x0bNETSCAPE2.0\x03\x02\x07\0\0' });
    expect(strip(other).equals(gifOf(2, threeBits(4, 0, 1, 5)))).toBe(true);
  });

  it('are all coded pixels, however many codes they take', async () => {
    for (const options of [{}, { dither: 0, colours: 2 }, { effort: 1, reuse: false }, { progressive: true }]) {
      const noise = Buffer.alloc(300 * 200 * 3);
      for (let at = 0, value = 1; at < noise.length; at++) {
        value = (Math.imul(value, 1_103_515_245) + 12_345) >>> 0;
        noise[at] = value >>> 24;
      }
      const file = await sharp(noise, { raw: { width: 300, height: 200, channels: 3 } })
        .gif(options)
        .toBuffer();
      expect(strip(file).equals(file)).toBe(true);
    }
  });

  it('are the codes to the last pixel when no end code follows', () => {
    const file = gifOf(3, threeBits(4, 0, 6, 5));
    const unended = joined(gifOf(3, threeBits(4, 0, 6)).subarray(0, -2), '\x03abc\0;');
    expect(strip(file).equals(file)).toBe(true);
    expect(strip(unended).equals(gifOf(3, threeBits(4, 0, 6)))).toBe(true);
  });

  it('are the codes that are there when they do not fill the picture', () => {
    const file = gifOf(200, threeBits(4, 0, 6));
    expect(strip(file).equals(file)).toBe(true);
  });

  it('is nothing after the end code', () => {
    const file = gifOf(200, threeBits(4, 0, 6, 5));
    const more = gifOf(200, [...threeBits(4, 0, 6, 5), ...Buffer.from(secret('behind the end code'))]);
    expect(strip(more).equals(file)).toBe(true);
  });

  it('is nothing that a wrong length makes a part of a frame', async () => {
    const file = await taggedGif();
    const frame = file.indexOf(joined('\0\0\0\0\x90\x01\x2c\x01')) + 9;
    for (let length = 0; length < 256; length++) {
      file[frame + 1] = length;
      try {
        expect(secretsIn(strip(file))).toEqual([]);
      } catch (error) {
        expect(error).toEqual(REFUSED);
      }
    }
  });
});

describe('a GIF that is not quite whole', () => {
  it('gets its trailer', async () => {
    const file = await animatedGif();
    expect(strip(file.subarray(0, -1)).equals(strip(file))).toBe(true);
  });

  it('keeps the frames before one that is cut off, as browsers do', async () => {
    const file = await animatedGif();
    const [first, second] = framesOf(file);
    for (const end of [second.start + 1, second.start + 40, second.end - 1]) {
      expect(strip(file.subarray(0, end)).subarray(0, first.end).equals(strip(file).subarray(0, first.end))).toBe(true);
      expect(framesOf(strip(file.subarray(0, end)))).toHaveLength(1);
    }
  });

  it('ends at the first byte that begins no block, as in browsers', async () => {
    const file = await animatedGif();
    const [first] = framesOf(file);
    for (const bytes of ['\0', '\0\0\0', 'text']) {
      const stripped = strip(joined(file.subarray(0, first.end), bytes, file.subarray(first.end)));
      expect(framesOf(stripped)).toHaveLength(1);
      expect(stripped.at(-1)).toBe(';'.charCodeAt(0));
    }
  });
});

/** Where the frames of a stripped or plain GIF of two frames stand. */
function framesOf(file: Buffer) {
  return [...gifBlocks(file)].filter(({ kind }) => kind === 'image') as [GifBlock, GifBlock];
}

describe('a GIF is refused', () => {
  it('when a code stands for nothing yet', () => {
    expect(() => strip(gifOf(9, threeBits(4, 0, 7, 5)))).toThrow(REFUSED);
    expect(() => strip(gifOf(9, threeBits(4, 6, 0, 5)))).toThrow(REFUSED);
    expect(() => strip(gifOf(9, threeBits(4, 0, 0, 0, 4, 7)))).toThrow(REFUSED);
  });

  it('when there can be no codes of the size that it says', () => {
    for (const codeSize of [0, 12, 0x74]) {
      expect(() => strip(gifOf(2, threeBits(4, 0, 1, 5), { codeSize }))).toThrow(REFUSED);
    }
  });

  it('when text stands where the next frame is described', () => {
    const before = `!\xf9${String.fromCharCode(secret('here').length)}${secret('here')}\0`;
    expect(() => strip(gifOf(2, threeBits(4, 0, 1, 5), { before }))).toThrow(REFUSED);
  });

  it('when it ends, or holds something else than a block, before its first frame is whole', async () => {
    const file = await animatedGif();
    expect(() => strip(file.subarray(0, 700))).toThrow(REFUSED);
    expect(() => strip(joined(file.subarray(0, 13 + 768), '\0', file.subarray(13 + 768)))).toThrow(REFUSED);
  });
});
