import { describe, expect, it } from 'vitest';
import { readOrientation, writeOrientation } from '../../shared/images/exif-orientation.ts';
import { ORIENTATIONS } from '../fixtures/scene.ts';

/** A directory of one entry, little-endian, as most cameras write it. */
function littleEndian({ tag = 0x0112, type = 3, value = 6, directory = 8, entries = 1 }): Buffer {
  const tiff = Buffer.alloc(26);
  tiff.write('II*\0', 'latin1');
  tiff.writeUInt32LE(directory, 4);
  tiff.writeUInt16LE(entries, 8);
  tiff.writeUInt16LE(tag, 10);
  tiff.writeUInt16LE(type, 12);
  tiff.writeUInt32LE(1, 14);
  tiff.writeUInt16LE(value, 18);
  return tiff;
}

describe('the orientation in an Exif block', () => {
  it('is read as it was written', () => {
    for (const orientation of ORIENTATIONS) {
      expect(readOrientation(writeOrientation(orientation))).toBe(orientation);
      const inJpeg = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), writeOrientation(orientation)]);
      expect(readOrientation(inJpeg)).toBe(orientation);
    }
  });

  it('is read in either byte order', () => {
    expect(readOrientation(littleEndian({ value: 6 }))).toBe(6);
  });

  it('is upright when there is none or it makes no sense', () => {
    for (const exif of [
      Buffer.alloc(0),
      Buffer.from('II*\0', 'latin1'),
      Buffer.from('no Exif at all'),
      littleEndian({ value: 0 }),
      littleEndian({ value: 9 }),
      littleEndian({ type: 5 }),
      littleEndian({ tag: 0x0110 }),
      littleEndian({ directory: 4_000_000_000 }),
      littleEndian({ tag: 0x0110, entries: 65_535 }),
    ]) {
      expect(readOrientation(exif)).toBe(1);
    }
  });
});
