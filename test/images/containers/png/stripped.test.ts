import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { stripMetadata } from '../../../../shared/images/strip-metadata.ts';
import { type Content, joined, PNG_SIGNATURE, pngChunk, pngChunks } from '../../../fixtures/containers.ts';
import { pngWithProfile } from '../../../fixtures/hostile-files.ts';
import { pngPicture } from '../../../fixtures/pictures.ts';
import { secret } from '../../../fixtures/tagged/secrets.ts';
import { taggedApng, taggedPalettePng, taggedPng, taggedWideGamutPng } from '../../../fixtures/tagged/tagged-png.ts';

function strip(file: Uint8Array): Buffer {
  return Buffer.from(stripMetadata(file, 'image/png'));
}

const REFUSED = expect.objectContaining({ code: 'metadata_not_strippable' });

/** A good picture with one more chunk after its first. */
async function pngWith(type: string, data: Content): Promise<Buffer> {
  const file = await pngPicture();
  return joined(file.subarray(0, 33), pngChunk(type, data), file.subarray(33));
}

function typesIn(file: Buffer): string[] {
  return pngChunks(file).map(({ type }) => type);
}

describe('what a PNG keeps', () => {
  it('are pixels, palette, transparency, density and the colour behind', async () => {
    const kept = typesIn(strip(await taggedPalettePng()));
    expect(kept).toEqual(['IHDR', 'pHYs', 'PLTE', 'tRNS', 'bKGD', 'IDAT', 'IEND']);
  });

  it('is all of its animation', async () => {
    const kept = pngChunks(strip(await taggedApng())).filter(({ type }) => type !== 'pHYs');
    expect(kept.map(({ type }) => type)).toEqual(['IHDR', 'acTL', 'fcTL', 'IDAT', 'fcTL', 'fdAT', 'IEND']);
    const [frames, rounds] = [kept[1]?.data.readUInt32BE(0), kept[1]?.data.readUInt32BE(4)];
    expect({ frames, rounds }).toEqual({ frames: 2, rounds: 3 });
    expect([kept[2], kept[4]].map((control) => control?.data.readUInt16BE(20))).toEqual([100, 200]);
  });

  it('is an Exif of orientation alone, and none when the camera was held upright', async () => {
    const exifOf = (file: Buffer) =>
      pngChunks(file)
        .filter(({ type }) => type === 'eXIf')
        .map(({ data }) => data.length);
    expect(exifOf(strip(await taggedPng(6)))).toEqual([26]);
    expect(exifOf(strip(await taggedPng(1)))).toEqual([]);
  });

  it('is its colour profile, but neither its name nor what stands behind it', async () => {
    const stripped = strip(await taggedWideGamutPng());
    const profile = pngChunks(stripped)
      .find(({ type }) => type === 'iCCP')
      ?.data.toString('latin1');
    expect(profile).toMatch(/^profile\0\0/);
    const before = await sharp(await taggedWideGamutPng()).metadata();
    expect((await sharp(stripped).metadata()).icc).toEqual(before.icc);
  });

  it('is no profile that nobody can unpack', async () => {
    expect(typesIn(strip(await pngWith('iCCP', 'name\0\0no profile')))).not.toContain('iCCP');
  });

  it.each(['tEXt', 'zTXt', 'iTXt', 'tIME', 'sPLT', 'hIST', 'caBX', 'oFFs', 'vpAg', 'orNT', 'zzzz'])(
    'is no %s',
    async (type) => {
      expect(strip(await pngWith(type, secret(type))).equals(await pngPicture())).toBe(true);
    },
  );
});

describe('a PNG is refused', () => {
  it('when a chunk that stays does not have its checksum', async () => {
    const file = await pngPicture();
    const pixels = file.indexOf('IDAT') + 30;
    file[pixels] = (file[pixels] ?? 0) ^ 1;
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it('when no decoder may skip a chunk that nobody knows', async () => {
    const file = await pngWith('CgBI', secret('CgBI'));
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it.each([
    ['gAMA', 5],
    ['tRNS', 257],
    ['pHYs', 10],
    ['acTL', 9],
    ['PLTE', 769],
  ])('when a chunk is longer than it can be: %s', async (type, length) => {
    const file = await pngWith(type, Buffer.alloc(length));
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it('when it does not begin with its header, or has no end', async () => {
    const file = await pngPicture();
    expect(() => strip(joined(PNG_SIGNATURE, file.subarray(33)))).toThrow(REFUSED);
    expect(() => strip(file.subarray(0, -12))).toThrow(REFUSED);
  });

  it('when its colour profile unpacks to more than 16 MiB, in no time', async () => {
    const large = await pngWithProfile(16 * 1024 ** 2);
    expect(typesIn(strip(large))).toContain('iCCP');
    const bomb = await pngWithProfile(500_000_000);
    expect(() => strip(bomb)).toThrow(REFUSED);
    const packed = deflateSync(Buffer.alloc(20_000_000));
    const again = await pngWith('iCCP', joined('again\0\0', packed));
    expect(() => strip(again)).toThrow(REFUSED);
  });
});
