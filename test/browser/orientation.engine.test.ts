import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocalTarget } from '../acceptance/local-target.ts';
import { findChromium, startChromium } from '../engines/chromium.ts';
import { pngPicture } from '../fixtures/pictures.ts';
import { ORIENTATIONS, type Orientation } from '../fixtures/scene.ts';
import { taggedAvif } from '../fixtures/tagged/tagged-avif.ts';
import { openBlankPage, shownBy } from './chromium-page.ts';
import { type Client, signInAt } from './client.ts';

const chromium = await findChromium();
let folder: string;
let target: Awaited<ReturnType<typeof startLocalTarget>>;
let browser: Awaited<ReturnType<typeof startChromium>>;
let page: Page;
let ada: Client;

beforeAll(async () => {
  if (chromium === undefined) return;
  folder = await mkdtemp(join(tmpdir(), 'browser-'));
  target = await startLocalTarget(folder);
  browser = await startChromium(chromium);
  page = await browser.newPage();
  await openBlankPage(page);
  ada = await signInAt(target);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await target?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

const FORMATS: readonly (readonly [type: string, make: (orientation: Orientation) => Promise<Buffer>])[] = [
  ['image/jpeg', async (orientation) => (await photo(orientation)).jpeg().toBuffer()],
  ['image/png', async (orientation) => (await photo(orientation)).png().toBuffer()],
  ['image/webp', async (orientation) => (await photo(orientation)).webp().toBuffer()],
  ['image/avif', taggedAvif],
  ['image/gif', async (orientation) => (await photo(orientation)).gif().toBuffer()],
];

/** The scene, stored as a camera does that was held so, with an Exif that says so. */
async function photo(orientation: Orientation): Promise<Sharp> {
  return sharp(await pngPicture({ orientation })).withMetadata({ orientation });
}

describe.skipIf(chromium === undefined).each(FORMATS)('an attached %s', (type, make) => {
  it.each(ORIENTATIONS)(
    'has the size that a browser shows it in, however the camera was held: %d',
    async (orientation) => {
      const original = await make(orientation);
      for (const keepMetadata of [false, true]) {
        const wish = { filename: 'photo', contentType: type, visibility: 'private', keepMetadata };
        const id = await ada.attach(wish, original);
        const { width, height, contentUrl, preview } = await ada.attachment(id);
        const bytes = new Uint8Array(await (await fetch(contentUrl)).arrayBuffer());
        const shown = await shownBy(page, { bytes, type, side: 1 });
        expect({ width: shown.width, height: shown.height }).toEqual({ width, height });
        expect(preview.width / preview.height).toBeCloseTo(width / height, 1);
      }
    },
  );
});
