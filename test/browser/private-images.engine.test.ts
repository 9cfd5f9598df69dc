import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startLocalTarget } from '../acceptance/local-target.ts';
import { findChromium, startChromium } from '../engines/chromium.ts';
import { type Client, signInAt } from './client.ts';

const IMAGES = 30;
const WINDOW_SECONDS = 30 * 60;

const chromium = await findChromium();

let folder: string;
let target: Awaited<ReturnType<typeof startLocalTarget>>;
let browser: Awaited<ReturnType<typeof startChromium>>;

beforeAll(async () => {
  if (chromium === undefined) return;
  folder = await mkdtemp(join(tmpdir(), 'browser-'));
  target = await startLocalTarget(folder);
  browser = await startChromium(chromium);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await target?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

it.skipIf(chromium === undefined)(
  'a page with 30 private images loads them from the cache of the browser the second time',
  { timeout: 120_000 },
  async () => {
    const ada = await signInAt(target);
    const ids: string[] = [];
    while (ids.length < IMAGES) {
      // A person may have 20 uploads open.
      const some = Array.from({ length: 10 }, (_, at) => attachPrivately(ada, ids.length + at));
      ids.push(...(await Promise.all(some)));
    }
    await awayFromTheEndOfAWindow();
    const chat = await serve(async () => pageOf(await ada.contentUrls(ids)));
    try {
      const context = await browser.newContext();
      const page = await context.newPage();
      expect(await view(page, chat.url)).toEqual({ shown: IMAGES, fetched: 2 * IMAGES });
      // A new page of the same person: nothing of the first one is in its memory, and its links are made anew.
      const second = await context.newPage();
      await page.close();
      expect(await view(second, chat.url)).toEqual({ shown: IMAGES, fetched: 0 });
    } finally {
      await chat.stop();
    }
  },
);

async function attachPrivately(client: Client, at: number): Promise<string> {
  const color = { r: 8 * at, g: 255 - 8 * at, b: 128 };
  const bytes = await sharp({ create: { width: 64, height: 64, channels: 3, background: color } })
    .png()
    .toBuffer();
  return client.attach({ filename: `${at}.png`, contentType: 'image/png', visibility: 'private' }, bytes);
}

/** Opens the page, and counts the images that it shows and the answers for them that came from the server. */
async function view(page: Page, url: string): Promise<{ shown: number; fetched: number }> {
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('Network.enable');
  const fromMemory = new Set<string>();
  const answers: { readonly requestId: string; readonly cached: boolean }[] = [];
  devTools.on('Network.requestServedFromCache', ({ requestId }) => fromMemory.add(requestId));
  devTools.on('Network.requestWillBeSent', ({ requestId, redirectResponse: redirect }) => {
    if (redirect) answers.push({ requestId, cached: redirect.fromDiskCache === true });
  });
  devTools.on('Network.responseReceived', ({ requestId, type, response }) => {
    if (type === 'Image') answers.push({ requestId, cached: response.fromDiskCache === true });
  });
  await page.goto(url, { waitUntil: 'networkidle' });
  const widths = await page.$$eval('img', (images) =>
    images.map((image) => (image as { naturalWidth: number }).naturalWidth),
  );
  return {
    shown: widths.filter((width) => width === 64).length,
    fetched: answers.filter(({ requestId, cached }) => !cached && !fromMemory.has(requestId)).length,
  };
}

function pageOf(urls: readonly string[]): string {
  const images = urls.map((url) => `<img src="${url.replaceAll('&', '&amp;')}">`).join('\n');
  return `<!doctype html><link rel="icon" href="data:,"><title>chat</title>${images}`;
}

/** The chat's own server, at another origin than the service. */
async function serve(page: () => Promise<string>): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer(async (_, answer) => {
    answer
      .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
      .end(await page());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop: () => new Promise((resolve) => void server.close(() => resolve()).closeAllConnections()),
  };
}

/** Links change at the turn of a window; both views must fall into one. */
async function awayFromTheEndOfAWindow(): Promise<void> {
  const left = WINDOW_SECONDS - ((Date.now() / 1000) % WINDOW_SECONDS);
  if (left < 20) await sleep(left * 1000);
}
