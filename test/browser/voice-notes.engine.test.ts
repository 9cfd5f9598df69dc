import { afterAll, beforeAll, expect, it } from 'vitest';
import { typeByTracks } from '../../shared/attachments/media-tracks.ts';
import { HEAD_BYTES, sniffType } from '../../shared/attachments/sniff-type.ts';
import { storedBytes } from '../attachments/stored-bytes.ts';
import { findChromium, startChromium } from '../engines/chromium.ts';

const chromium = await findChromium();
let browser: Awaited<ReturnType<typeof startChromium>>;

beforeAll(async () => {
  if (chromium !== undefined) browser = await startChromium(chromium);
});
afterAll(() => browser?.close());

it.skipIf(chromium === undefined).for(['audio/webm', 'audio/mp4', 'video/webm', 'video/mp4'])(
  '%s, as a page records it, is what its tracks say',
  async (type, { skip }) => {
    const recorded = await record(type);
    if (recorded === undefined) return skip(`this Chromium records no ${type}`);
    const bytes = Buffer.from(recorded, 'base64');
    const stored = storedBytes(bytes.length, (start, end) => bytes.subarray(start, end));
    const sniffed = await sniffType(bytes.subarray(0, HEAD_BYTES));
    // The container alone does not tell.
    expect(sniffed).toBe(type.replace('audio/', 'video/'));
    expect(await typeByTracks(stored, stored.media, sniffed)).toBe(type);
  },
);

/**
 * Three parts, each of at least 100 ms, of a tone, and of a canvas for a video, in Base64. Undefined if the browser
 * cannot record it.
 */
async function record(type: string): Promise<string | undefined> {
  const page = await browser.newPage();
  try {
    return (await page.evaluate(`(${RECORD})(${JSON.stringify(type)})`)) as string | undefined;
  } finally {
    await page.close();
  }
}

/** Runs in the page. */
const RECORD = `async (mimeType) => {
  if (!MediaRecorder.isTypeSupported(mimeType)) return undefined;
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const target = audio.createMediaStreamDestination();
  tone.connect(target);
  tone.start();
  await audio.resume();
  const tracks = target.stream.getAudioTracks();
  if (mimeType.startsWith('video/')) {
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d');
    setInterval(() => context.fillRect(0, 0, Math.random() * 99, 99), 30);
    tracks.push(...canvas.captureStream(30).getVideoTracks());
  }
  const recorder = new MediaRecorder(new MediaStream(tracks), {
    mimeType,
    videoKeyFrameIntervalDuration: 100, // ms; an MP4 is written from one key frame to the next
  });
  const chunks = [];
  const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
  // Nothing is written before every track has given something, which takes long on a busy machine.
  recorder.ondataavailable = ({ data }) => {
    if (data.size > 0 && chunks.push(data) === 3) recorder.stop();
  };
  recorder.start(100);
  await stopped;
  const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}`;
