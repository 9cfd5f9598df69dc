import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readAllTags } from './exiftool.ts';
import { decodeWithPillow } from './pillow.ts';

const PHOTO = join(import.meta.dirname, '../fixtures/photo.jpg');

it('ExifTool finds the tags of a photo, and none of its temporary file', async () => {
  const tags = await readAllTags(await readFile(PHOTO));
  expect(tags).toMatchObject({ 'IFD0:Make': 'Example', 'GPS:GPSLatitudeRef': 'North' });
  expect(Object.keys(tags).filter((name) => name.startsWith('System:'))).toEqual([]);
});

it('ExifTool reports a file that it cannot read', async () => {
  expect(await readAllTags(Buffer.from('\x01\x02\x03'))).toHaveProperty('ExifTool:Error');
});

it('Pillow decodes a photo to its pixels', async () => {
  const { frames, ...image } = await decodeWithPillow(await readFile(PHOTO));
  expect(image).toMatchObject({ format: 'JPEG', width: 1200, height: 900, mode: 'RGB', orientation: 6 });
  expect(frames.map(({ pixels }) => pixels.length)).toEqual([1200 * 900 * 3]);
});
