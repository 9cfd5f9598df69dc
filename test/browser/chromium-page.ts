import type { Page } from 'playwright-core';

/** An image as a browser shows it. */
export interface ShownImage {
  readonly width: number;
  readonly height: number;
  /** RGBA of the largest square in its middle, scaled to `side` x `side`, not premultiplied. */
  readonly square: Buffer;
}

/** Opens a page in which images can be decoded: browsers keep some decoders for secure contexts. */
export async function openBlankPage(page: Page): Promise<void> {
  await page.route('http://localhost/', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
  await page.goto('http://localhost/');
}

/** What the browser makes of the bytes. Rejects for an image that it does not show. */
export async function shownBy(
  page: Page,
  { bytes, type, side }: { readonly bytes: Uint8Array; readonly type: string; readonly side: number },
): Promise<ShownImage> {
  const input = { base64: Buffer.from(bytes).toString('base64'), type, side };
  const { width, height, pixels } = await page.evaluate(draw, input);
  return { width, height, square: Buffer.from(pixels, 'base64') };
}

/** What `draw` uses of a page, whose types this project does not load. */
interface PageGlobals {
  readonly Image: new () => {
    src: string;
    readonly naturalWidth: number;
    readonly naturalHeight: number;
    decode(): Promise<void>;
  };
  readonly OffscreenCanvas: new (width: number, height: number) => { getContext(kind: '2d'): Context | null };
}

interface Context {
  imageSmoothingQuality: string;
  drawImage(image: unknown, ...places: number[]): void;
  getImageData(...place: number[]): { readonly data: Uint8ClampedArray };
}

/** Runs in the page. */
async function draw({ base64, type, side }: { base64: string; type: string; side: number }) {
  const { Image, OffscreenCanvas } = globalThis as unknown as PageGlobals;
  const image = new Image();
  image.src = `data:${type};base64,${base64}`;
  await image.decode();
  const { naturalWidth: width, naturalHeight: height } = image;
  const shorter = Math.min(width, height);
  const context = new OffscreenCanvas(side, side).getContext('2d');
  if (context === null) throw new Error('there is no canvas');
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, (width - shorter) / 2, (height - shorter) / 2, shorter, shorter, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side);
  let pixels = '';
  for (let at = 0; at < data.length; at += 8_192) pixels += String.fromCharCode(...data.subarray(at, at + 8_192));
  return { width, height, pixels: btoa(pixels) };
}
