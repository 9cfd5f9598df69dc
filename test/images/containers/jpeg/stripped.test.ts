import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { stripMetadata } from '../../../../shared/images/strip-metadata.ts';
import { joined, jpegHead, jpegSegment } from '../../../fixtures/containers.ts';
import { jpegPhoto } from '../../../fixtures/pictures.ts';
import { secret } from '../../../fixtures/tagged/secrets.ts';
import { taggedCmykJpeg, taggedJpeg } from '../../../fixtures/tagged/tagged-jpeg.ts';

function strip(file: Uint8Array): Buffer {
  return Buffer.from(stripMetadata(file, 'image/jpeg'));
}

const REFUSED = expect.objectContaining({ code: 'metadata_not_strippable' });

describe('what a JPEG keeps besides its pixels', () => {
  it('is JFIF without its small picture, and an Exif of orientation alone', async () => {
    const kept = jpegHead(strip(await taggedJpeg(6))).filter(({ marker }) => marker >= 0xe0);
    expect(kept.map(({ marker }) => marker)).toEqual([0xe0, 0xe1, 0xe2]);
    const [jfif, exif, profile] = kept.map(({ data }) => data.toString('latin1'));
    expect(jfif).toBe('JFIF\0\x01\x02\x01\0\x48\0\x48\0\0');
    expect(exif).toBe(`Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0`);
    expect(profile).toMatch(/^ICC_PROFILE\0/);
  });

  it('is no Exif when the camera was held upright', async () => {
    expect(jpegHead(strip(await taggedJpeg(1))).map(({ marker }) => marker)).not.toContain(0xe1);
  });

  it("is Adobe's colour transform, and nothing else of its segment", async () => {
    const [adobe, ...others] = jpegHead(strip(await taggedCmykJpeg())).filter(({ marker }) => marker === 0xee);
    expect(adobe?.data.toString('latin1')).toBe('Adobe\0\x64\0\0\0\0\0');
    expect(others).toEqual([]);
  });

  it('is a large colour profile, rebuilt, in as many parts as it needs', async () => {
    const stripped = strip(await taggedCmykJpeg());
    const { icc } = await sharp(stripped).metadata();
    expect(icc?.length).toBeGreaterThan(200_000);
    const parts = jpegHead(stripped).filter(({ marker }) => marker === 0xe2);
    expect(parts.map(({ data }) => [data[12], data[13]])).toEqual([1, 2, 3, 4].map((part) => [part, 4]));
  });

  it('are restart markers and the bytes that fill up between segments', async () => {
    const file = restartedJpeg();
    expect(strip(joined(file, secret('bytes after the end'))).equals(file)).toBe(true);
    expect(await sharp(file).metadata()).toMatchObject({ width: 16, height: 8 });
  });
});

describe('a JPEG that is not quite whole', () => {
  it('gets its end marker, and loses the zeros in its place', async () => {
    for (const progressive of [false, true]) {
      const file = await jpegPhoto({ progressive });
      for (const after of ['', '\0', '\0'.repeat(5_000), '\xff']) {
        expect(strip(joined(file.subarray(0, -2), after)).equals(strip(file))).toBe(true);
      }
    }
  });

  it('loses the bytes between its segments', async () => {
    const file = await jpegPhoto();
    const frame = frameAt(file);
    for (const at of [2, frame]) {
      const stripped = strip(joined(file.subarray(0, at), secret('between'), file.subarray(at)));
      expect(stripped.equals(strip(file))).toBe(true);
    }
  });

  it.each([0x01, 0xd0, 0xd7])('loses what follows a marker that stands alone: %i', async (marker) => {
    const file = await jpegPhoto();
    const text = joined('\xff', Buffer.from([marker]), secret('alone'));
    expect(strip(joined(file.subarray(0, 2), text, file.subarray(2))).equals(strip(file))).toBe(true);
  });

  it('says of a sequential scan that it has all coefficients, as decoders assume', async () => {
    const file = await jpegPhoto();
    const scan = file.indexOf(Buffer.from([0xff, 0xda]));
    const odd = Buffer.from(file);
    odd.set([0, 0, 0], scan + 11); // first, last, bits: of three components
    expect(strip(odd).equals(strip(file))).toBe(true);
  });

  it.each([
    ['JFIF 2.0', '\xff\xe0\0\x10JFIF\0\x02\0\x01\0\x48\0\x48\0\0'],
    ['JFIF 1.1', '\xff\xe0\0\x10JFIF\0\x01\x01\x01\0\x48\0\x48\0\0'],
  ])('is of the version that every decoder knows: %s', async (_, segment) => {
    const file = strip(await jpegPhoto());
    const body = file.subarray(file.indexOf(Buffer.from([0xff, 0xdb])));
    const [jfif] = jpegHead(strip(joined('\xff\xd8', segment, body)));
    expect(jfif?.data.toString('latin1')).toBe('JFIF\0\x01\x02\x01\0\x48\0\x48\0\0');
  });

  it("has one of the transforms that Adobe's segment can name", async () => {
    const file = strip(await jpegPhoto());
    const transforms = [0, 1, 2, 77].map((code) => {
      const adobe = jpegSegment(0xee, `Adobe\0\x64\0\0\0\0${String.fromCharCode(code)}`);
      return jpegHead(strip(joined('\xff\xd8', adobe, file.subarray(2)))).find(({ marker }) => marker === 0xee)
        ?.data[11];
    });
    expect(transforms).toEqual([0, 1, 1, 1]);
  });
});

describe('a JPEG is refused', () => {
  it.each([
    ['without loss', 0xc3],
    ['hierarchical', 0xc5],
    ['with arithmetic codes', 0xc9],
    ['JPEG-LS', 0xf7],
  ])('in a coding that browsers do not show: %s', async (_, marker) => {
    const file = await jpegPhoto();
    file[frameAt(file) + 1] = marker;
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it.each([0xc0, 0xc4, 0xcc, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xf0, 0xd8])(
    'when text stands behind a marker of something else: %i',
    async (marker) => {
      const file = await jpegPhoto();
      const text = jpegSegment(marker, secret('nowhere'));
      expect(() => strip(joined(file.subarray(0, 2), text, file.subarray(2)))).toThrow(REFUSED);
      const frame = frameAt(file);
      expect(() => strip(joined(file.subarray(0, frame), text, file.subarray(frame)))).toThrow(REFUSED);
    },
  );

  it('when coded pixels come before anything says how they are coded', async () => {
    const scan = joined(jpegSegment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])), secret('a scan'));
    const file = await jpegPhoto();
    expect(() => strip(joined(file.subarray(0, 2), scan, file.subarray(2)))).toThrow(REFUSED);
  });

  it('when pixels are missing before its end', async () => {
    for (const progressive of [false, true]) {
      const file = await jpegPhoto({ progressive });
      for (const end of [-4, -40, -400]) expect(() => strip(file.subarray(0, end))).toThrow(REFUSED);
    }
  });

  it('when it has no height', async () => {
    const file = await jpegPhoto();
    file.writeUInt16BE(0, frameAt(file) + 5);
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it('when whole scans are missing before its end', async () => {
    const file = await jpegPhoto({ progressive: true });
    const lastScan = file.lastIndexOf(Buffer.from([0xff, 0xda]));
    expect(() => strip(file.subarray(0, lastScan))).toThrow(REFUSED);
  });

  it('when it has two frames, or none', async () => {
    const file = await jpegPhoto();
    const frame = frameAt(file);
    const length = 2 + file.readUInt16BE(frame + 2);
    const [before, itself, after] = [
      file.subarray(0, frame),
      file.subarray(frame, frame + length),
      file.subarray(frame + length),
    ];
    expect(() => strip(joined(before, itself, itself, after))).toThrow(REFUSED);
    expect(() => strip(joined(before, after))).toThrow(REFUSED);
    expect(() => strip(joined('\xff\xd8', jpegSegment(0xfe, secret('a comment')), '\xff\xd9'))).toThrow(REFUSED);
  });
});

/** Where the segment stands that says how large the picture is. */
function frameAt(file: Buffer): number {
  return file.indexOf(Buffer.from([0xff, 0xc0]));
}

/** Two grey blocks with a restart marker between them. */
function restartedJpeg(): Buffer {
  const codes = (id: number) => jpegSegment(0xc4, Buffer.from([id, 1, ...Array(15).fill(0), 0])); // one code: 0
  const block = Buffer.from([0b0011_1111]); // as the block before, and nothing else
  return joined(
    '\xff\xd8',
    jpegSegment(0xdb, Buffer.from([0, ...Array(64).fill(1)])),
    jpegSegment(0xc0, Buffer.from([8, 0, 8, 0, 16, 1, 1, 0x11, 0])),
    codes(0x00),
    codes(0x10),
    jpegSegment(0xdd, '\0\x01'),
    jpegSegment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])),
    block,
    '\xff\xd0',
    block,
    '\xff\xff\xff\xd9',
  );
}
