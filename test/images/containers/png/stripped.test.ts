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

describe('a PNG that is not quite whole', () => {
  it.each([
    ['gAMA', 8],
    ['tRNS', 257],
    ['tRNS', 0],
    ['pHYs', 10],
    ['acTL', 9],
    ['cHRM', 31],
    ['bKGD', 7],
  ])('loses a chunk of a wrong length: %s of %i bytes', async (type, length) => {
    expect(strip(await pngWith(type, Buffer.alloc(length))).equals(await pngPicture())).toBe(true);
  });

  it.each([
    ['gAMA', 4],
    ['tRNS', 6],
    ['pHYs', 9],
    ['iCCP', 100],
    ['eXIf', 26],
  ])('loses a chunk of a wrong checksum: %s', async (type, length) => {
    const file = await pngWith(type, Buffer.alloc(length));
    const checksum = file.indexOf(type) + 4 + length;
    file[checksum] = (file[checksum] ?? 0) ^ 1;
    expect(strip(file).equals(await pngPicture())).toBe(true);
  });

  it('gets its end chunk, also when the file is cut in it or in another chunk after its pixels', async () => {
    const file = await pngPicture();
    for (const end of [-1, -4, -8, -11, -12]) expect(strip(file.subarray(0, end)).equals(file), `${end}`).toBe(true);
    const cut = joined(file.subarray(0, -12), pngChunk('tEXt', secret('cut')).subarray(0, -6));
    expect(strip(cut).equals(file)).toBe(true);
  });

  it('loses the frames of an animation that nothing announces', async () => {
    const file = await taggedApng();
    file.write('prVt', file.indexOf('acTL'));
    expect(typesIn(strip(file))).not.toContain('fdAT');
  });

  it('has its profile packed anew when the checksum behind it is missing or wrong', async () => {
    const { icc } = await sharp(await taggedWideGamutPng()).metadata();
    const packed = deflateSync(icc ?? expect.fail('it has no profile'));
    for (const bytes of [packed.subarray(0, -4), joined(packed.subarray(0, -4), '\0\0\0\0')]) {
      const stripped = strip(await pngWith('iCCP', joined('name\0\0', bytes)));
      expect((await sharp(stripped).metadata()).hasProfile).toBe(true);
    }
  });
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

  it.each(['fcTL', 'fdAT'])('when a frame of its animation is faulty: %s', async (type) => {
    const file = await taggedApng();
    const data = file.lastIndexOf(type) + 4;
    file[data + 4] = (file[data + 4] ?? 0) ^ 1;
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it('when its palette is longer than it can be', async () => {
    const file = await pngWith('PLTE', Buffer.alloc(769));
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it('when it does not begin with its header', async () => {
    const file = await pngPicture();
    expect(() => strip(joined(PNG_SIGNATURE, file.subarray(33)))).toThrow(REFUSED);
  });

  it('when it ends before its last pixels, inside a chunk or between two', async () => {
    const file = await pngPicture();
    expect(() => strip(file.subarray(0, -20))).toThrow(REFUSED);
    const chunks = pngChunks(file);
    const pixels = chunks.find(({ type }) => type === 'IDAT')?.data ?? expect.fail('it has no pixels');
    const first = pngChunk('IDAT', pixels.subarray(0, pixels.length / 2));
    expect(() => strip(joined(file.subarray(0, 33), first))).toThrow(REFUSED);
  });

  it('when it ends before its last frame', async () => {
    const file = await taggedApng();
    for (const end of [file.lastIndexOf('fcTL') - 4, file.lastIndexOf('fdAT') - 4]) {
      expect(() => strip(file.subarray(0, end))).toThrow(REFUSED);
    }
  });

  it('when its colour profile unpacks to more than 4 MiB', async () => {
    for (const bytes of [4 * 1024 ** 2 + 1, 500_000_000]) {
      const file = await pngWithProfile(bytes);
      expect(() => strip(file)).toThrow(REFUSED);
    }
  });
});
