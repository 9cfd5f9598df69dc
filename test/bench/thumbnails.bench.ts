import sharp, { type Sharp } from 'sharp';
import { describe, it } from 'vitest';
import { THUMBNAIL_SIZES } from '../../shared/images/formats.ts';
import { inspectImage } from '../../shared/images/inspect.ts';
import { renderThumbnails } from '../../shared/images/thumbnails.ts';
import { printRatios } from './print-ratios.ts';

/*
 * What the whole job costs (inspection, six files and a ThumbHash) against the same six files made with sharp alone:
 * once tuned in the same way but without any check, once as six pipelines that each decode the upload again. All run in
 * one process, so that the ratios hold on any machine.
 */

const UPLOADS = [
  { name: 'a JPEG of 12 megapixels', width: 4000, height: 3000, progressive: false },
  { name: 'a JPEG of 800 x 800', width: 800, height: 800, progressive: false },
  { name: 'a progressive JPEG of 12 megapixels', width: 4000, height: 3000, progressive: true },
];

for (const { name, ...options } of UPLOADS) {
  describe(name, () => {
    it('becomes six thumbnails', { timeout: 120_000 }, async ({ bench }) => {
      const file = await photo(options);
      const results = await bench.compare(
        bench('the job', async () => {
          await renderThumbnails(await inspectImage(file));
        }),
        bench('sharp alone, one decode', () => oneDecode(file)),
        bench('sharp alone, six decodes', () => sixDecodes(file)),
        { time: 3_000, iterations: 10, warmupIterations: 3 },
      );
      printRatios(results, ['sharp alone, one decode', 'the job', 'sharp alone, six decodes']);
    });
  });
}

/** A picture with enough grain to have the size of a photo: about 3 MB at 12 megapixels. */
function photo(options: {
  readonly width: number;
  readonly height: number;
  readonly progressive: boolean;
}): Promise<Buffer> {
  const { width, height, progressive } = options;
  const noise = { type: 'gaussian', mean: 128, sigma: 24 } as const;
  return sharp({ create: { width, height, channels: 3, background: '#000', noise } })
    .blur(1.2)
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 95, progressive })
    .toBuffer();
}

async function oneDecode(file: Buffer): Promise<void> {
  const large = await toPixels(sharp(file).autoOrient().resize(300, 300));
  const medium = toPixels(large.clone().resize(150, 150));
  const small = medium.then((pixels) => toPixels(pixels.clone().resize(32, 32)));
  await Promise.all([encode(large), medium.then(encode), small.then(encode)]);
}

async function sixDecodes(file: Buffer): Promise<void> {
  const sides = Object.values(THUMBNAIL_SIZES);
  await Promise.all(sides.map((side) => encode(sharp(file).autoOrient().resize(side, side))));
}

/** The result of a pipeline as the start of others. */
async function toPixels(pipeline: Sharp): Promise<Sharp> {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
}

async function encode(picture: Sharp): Promise<void> {
  await Promise.all([
    picture.clone().webp({ quality: 80, effort: 2 }).toBuffer(),
    picture.clone().jpeg({ quality: 80, progressive: true }).toBuffer(),
  ]);
}
