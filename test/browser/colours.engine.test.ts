import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { THUMBNAIL_SIZES } from '../../shared/images/formats.ts';
import { inspectImage } from '../../shared/images/inspect.ts';
import { renderThumbnails } from '../../shared/images/thumbnails.ts';
import { findChromium, startChromium } from '../engines/chromium.ts';
import { halfTransparentAvif, sceneInTiles } from '../fixtures/derived-avif.ts';
import { describedPng, inksJpeg } from '../fixtures/described-colours.ts';
import { openBlankPage, shownBy } from './chromium-page.ts';

/** The mean difference that scaling and coding a thumbnail make, of 255. */
const MOST_DIFFERENCE = 4;

const chromium = await findChromium();
let browser: Awaited<ReturnType<typeof startChromium>>;
let page: Page;

beforeAll(async () => {
  if (chromium === undefined) return;
  browser = await startChromium(chromium);
  page = await browser.newPage();
  await openBlankPage(page);
}, 60_000);

afterAll(() => browser?.close());

const fixture = (name: string) => () => readFile(join(import.meta.dirname, '../fixtures/avif', name));

const FILES: readonly (readonly [what: string, type: string, make: () => Promise<Buffer>])[] = [
  ['a PNG of gamma 1/2.2', 'image/png', () => describedPng({ gAMA: 45_455 })],
  ['a PNG of gamma 1', 'image/png', () => describedPng({ gAMA: 100_000 })],
  ['a grey PNG of gamma 1', 'image/png', () => describedPng({ gAMA: 100_000, channels: 1 })],
  ['a PNG of gamma 1 and 16 bits', 'image/png', () => describedPng({ gAMA: 100_000, depth: 16 })],
  ['a grey PNG of gamma 1 and 16 bits', 'image/png', () => describedPng({ gAMA: 100_000, channels: 1, depth: 16 })],
  ['a PNG of 16 bits without any description', 'image/png', () => describedPng({ depth: 16 })],
  ['a PNG of gamma and wide chromaticities', 'image/png', () => describedPng({ gAMA: 45_455, wide: true })],
  ['a PNG of chromaticities alone', 'image/png', () => describedPng({ wide: true })],
  ...(
    [
      [12, 13],
      [9, 13],
      [9, 1],
      [1, 1],
      [1, 4],
      [1, 8],
      [9, 14],
    ] as const
  ).map(
    ([primaries, transfer]) =>
      [
        `a PNG of the code points ${primaries} and ${transfer}`,
        'image/png',
        () => describedPng({ cICP: [primaries, transfer] }),
      ] as const,
  ),
  ['a CMYK JPEG without a profile', 'image/jpeg', inksJpeg],
  ['an AVIF of tiles', 'image/avif', sceneInTiles],
  [
    'an AVIF whose colours are multiplied by its alpha',
    'image/avif',
    () => halfTransparentAvif({ premultiplied: true }),
  ],
  ['a grey AVIF of full range', 'image/avif', fixture('grey-full.avif')],
  ['a grey AVIF of limited range', 'image/avif', fixture('grey-limited.avif')],
];

describe.skipIf(chromium === undefined)('the largest thumbnail', () => {
  it.each(FILES)('has the colours that a browser shows: %s', async (_, type, make) => {
    const bytes = await make();
    const side = THUMBNAIL_SIZES.large;
    const { square } = await shownBy(page, { bytes, type, side });
    const { files } = await renderThumbnails(await inspectImage(bytes));
    const ours = await sharp(files.large.webp).ensureAlpha().raw().toBuffer();
    expect(meanDifference(ours, square)).toBeLessThan(MOST_DIFFERENCE);
  });
});

/** Of the colours on black. */
function meanDifference(a: Buffer, b: Buffer): number {
  const onBlack = (pixels: Buffer, at: number) => ((pixels[at] ?? 0) * (pixels[at | 3] ?? 0)) / 255;
  let sum = 0;
  for (let at = 0; at < a.length; at++) if ((at & 3) !== 3) sum += Math.abs(onBlack(a, at) - onBlack(b, at));
  return sum / (a.length * 0.75);
}
