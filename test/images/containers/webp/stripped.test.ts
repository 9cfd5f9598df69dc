import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { stripMetadata } from '../../../../shared/images/strip-metadata.ts';
import { type Chunk, joined, riffChunk, riffChunks } from '../../../fixtures/containers.ts';
import { secret } from '../../../fixtures/tagged/secrets.ts';
import {
  taggedAnimatedWebp,
  taggedSimpleWebp,
  taggedTransparentWebp,
  taggedWebp,
} from '../../../fixtures/tagged/tagged-webp.ts';

function strip(file: Uint8Array): Buffer {
  return Buffer.from(stripMetadata(file, 'image/webp'));
}

const REFUSED = expect.objectContaining({ code: 'metadata_not_strippable' });

const FLAG = { animation: 0x02, alpha: 0x10, profile: 0x20 };

function typesIn(file: Buffer): string[] {
  return riffChunks(file).map(({ type }) => type);
}

function flagsOf(file: Buffer): number | undefined {
  return riffChunks(file)[0]?.data[0];
}

/** The stripped picture with its chunks changed. */
async function changed(file: Promise<Buffer>, change: (chunk: Chunk) => Chunk | undefined): Promise<Buffer> {
  const chunks = riffChunks(strip(await file))
    .map(change)
    .filter((chunk) => chunk !== undefined);
  return riffChunk('RIFF', joined('WEBP', ...chunks.map(({ type, data }) => riffChunk(type, data))));
}

describe('what a WebP keeps', () => {
  it('are its pixels as they are stored: no browser turns them as its Exif says', async () => {
    for (const orientation of [1, 6] as const) {
      const stripped = strip(await taggedWebp(orientation));
      expect(typesIn(stripped)).toEqual(['VP8X', 'VP8 ']);
      expect(flagsOf(stripped)).toBe(0);
    }
  });

  it('are alpha and colour profile, as its header says', async () => {
    const stripped = strip(await taggedTransparentWebp());
    expect(typesIn(stripped)).toEqual(['VP8X', 'ICCP', 'ALPH', 'VP8 ']);
    expect(flagsOf(stripped)).toBe(FLAG.profile | FLAG.alpha);
  });

  it('are the frames of an animation, and of each the pixels', async () => {
    const stripped = strip(await taggedAnimatedWebp());
    expect(typesIn(stripped)).toEqual(['VP8X', 'ANIM', 'ANMF', 'ANMF']);
    expect(flagsOf(stripped)).toBe(FLAG.animation);
    const frames = riffChunks(stripped).filter(({ type }) => type === 'ANMF');
    for (const { data } of frames) expect(riffChunks(data, 16).map(({ type }) => type)).toEqual(['VP8 ']);
    expect(await sharp(stripped).metadata()).toMatchObject({ pages: 2, delay: [100, 200], loop: 3 });
  });

  it('are its pixels alone when it has no header for more', async () => {
    expect(typesIn(strip(await taggedSimpleWebp()))).toEqual(['VP8L']);
  });

  it('has the length that it says, with zeros where a chunk is made even', async () => {
    for (const make of [taggedWebp, taggedTransparentWebp, taggedAnimatedWebp, taggedSimpleWebp]) {
      const stripped = strip(await make());
      expect(stripped.readUInt32LE(4) + 8).toBe(stripped.length);
      expect(stripped.equals(await changed(Promise.resolve(stripped), (chunk) => chunk))).toBe(true);
    }
  });

  it('is no flag for what is not there', async () => {
    const file = await changed(taggedTransparentWebp(), (chunk) =>
      chunk.type === 'ICCP' || chunk.type === 'EXIF' ? undefined : chunk,
    );
    expect(flagsOf(strip(file))).toBe(FLAG.alpha);
  });
});

describe('a WebP is refused', () => {
  it('when it has no pixels, or text in their place', async () => {
    const isPixels = ({ type }: Chunk) => type === 'VP8 ';
    const without = await changed(taggedWebp(), (chunk) => (isPixels(chunk) ? undefined : chunk));
    expect(() => strip(without)).toThrow(REFUSED);
    const text = await changed(taggedWebp(), (chunk) =>
      isPixels(chunk) ? { ...chunk, data: Buffer.from(secret('VP8')) } : chunk,
    );
    expect(() => strip(text)).toThrow(REFUSED);
    expect(() => strip(riffChunk('RIFF', joined('WEBP', riffChunk('VP8L', secret('VP8L')))))).toThrow(REFUSED);
    expect(() => strip(riffChunk('RIFF', 'WEBP'))).toThrow(REFUSED);
  });

  it('when nothing says how its frames are shown, or a frame has no pixels', async () => {
    const unsaid = await changed(taggedAnimatedWebp(), (chunk) => (chunk.type === 'ANIM' ? undefined : chunk));
    expect(() => strip(unsaid)).toThrow(REFUSED);
    const empty = await changed(taggedAnimatedWebp(), ({ type, data }) => ({
      type,
      data: type === 'ANMF' ? data.subarray(0, 16) : data,
    }));
    expect(() => strip(empty)).toThrow(REFUSED);
  });

  it('when a chunk is shorter than it can be, or longer than the file', async () => {
    for (const cut of ['VP8X', 'ANIM', 'ANMF']) {
      const short = await changed(taggedAnimatedWebp(), ({ type, data }) => ({
        type,
        data: type === cut ? data.subarray(0, 4) : data,
      }));
      expect(() => strip(short), cut).toThrow(REFUSED);
    }
    const file = await taggedWebp();
    file.writeUInt32LE(file.length, 4);
    expect(() => strip(file)).toThrow(REFUSED);
  });
});
