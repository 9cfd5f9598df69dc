import { describe, expect, it } from 'vitest';
import { typeByTracks } from '../../shared/attachments/media-tracks.ts';
import { HEAD_BYTES, sniffType } from '../../shared/attachments/sniff-type.ts';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { MEDIA_TYPES, mediaFile } from '../fixtures/media/media-files.ts';
import { storedBytes } from './stored-bytes.ts';

async function typeOf(bytes: Buffer): Promise<string> {
  const stored = storedBytes(bytes.length, (start, end) => bytes.subarray(start, end));
  return typeByTracks(stored, stored.media, await sniffType(bytes.subarray(0, HEAD_BYTES)));
}

const films = Object.keys(MEDIA_TYPES).filter((name) => name.startsWith('film'));
const GIGABYTE = 1024 ** 3;
/** What one read brings. */
const WINDOW = 8192;

describe('the type of a container', () => {
  it.each(Object.entries(MEDIA_TYPES))('of %s is %s, by its tracks', async (name, type) => {
    expect(await typeOf(mediaFile(name))).toBe(type);
  });

  it('is video for a film that is called sound', async () => {
    const bytes = mediaFile('film.mp4');
    const stored = storedBytes(bytes.length, (start, end) => bytes.subarray(start, end));
    for (const called of ['audio/mp4', 'audio/x-m4a']) {
      expect(await typeByTracks(stored, stored.media, called)).toBe('video/mp4');
    }
  });

  it.each(films)('is never made sound for a part of %s, wherever it breaks off', async (name) => {
    const film = mediaFile(name);
    for (let length = 0; length < film.length; length += 1) {
      const part = film.subarray(0, length);
      const sniffed = await sniffType(part);
      const expected = sniffed.startsWith('audio/') ? /^(audio|video)/ : /^(?!audio)/;
      expect(await typeOf(part), `${length} bytes`).toMatch(expected);
    }
  });

  it('is left alone for everything else, and nothing is read', async () => {
    const stored = storedBytes(100, () => Buffer.alloc(100));
    for (const type of ['audio/mpeg', 'application/pdf', 'image/avif', 'video/x-msvideo']) {
      expect(await typeByTracks(stored, stored.media, type)).toBe(type);
    }
    expect(stored.reads).toEqual([]);
  });

  it('is found at the end of five gigabytes by a few small reads, all of the version that was seen first', async () => {
    const sound = mediaFile('sound-moov-last.mp4');
    const data = sound.indexOf('mdat') - 4;
    const moov = sound.subarray(data + sound.readUInt32BE(data));
    const size = 5 * GIGABYTE;
    const header = Buffer.alloc(16, '\0\0\0\x01mdat');
    header.writeBigUInt64BE(BigInt(size - data - moov.length), 8);
    const start = Buffer.concat([sound.subarray(0, data), header]);
    const parts = [start, Buffer.alloc(WINDOW), moov];
    const stored = storedBytes(size, (from, to) => {
      if (from < start.length) return Buffer.concat(parts).subarray(from, to);
      return from < size - moov.length ? Buffer.alloc(to - from) : moov.subarray(from - size + moov.length);
    });
    expect(await typeByTracks(stored, stored.media, 'video/mp4')).toBe('audio/mp4');
    expect(stored.reads.length).toBeLessThan(5);
    for (const { ifMatch, range } of stored.reads) {
      expect(ifMatch).toBe('seen first');
      expect((range?.end ?? size) - (range?.start ?? 0)).toBeLessThan(WINDOW);
    }
  });
});

describe('a hostile file', () => {
  /** The same bytes over and over, from each offset. */
  const endless = (pattern: Buffer) => (start: number, end: number) => {
    const skipped = start % pattern.length;
    return Buffer.alloc(end - start + skipped, pattern).subarray(skipped);
  };
  const box = Buffer.concat([Buffer.from('\0\0\x40\0free', 'latin1'), Buffer.alloc(0x4000 - 8)]);
  const tracks = Buffer.from('1654ae6bff'.padEnd(18, 'f'), 'hex');

  it.each<[string, string, (start: number, end: number) => Uint8Array]>([
    ['boxes that are far apart', 'video/mp4', endless(box)],
    ['the smallest boxes', 'video/mp4', endless(Buffer.from('\0\0\0\x08free', 'latin1'))],
    ['empty elements', 'video/webm', endless(Buffer.from('ec80', 'hex'))],
    ['an endless segment of junk', 'video/webm', endless(Buffer.from('18538067ff', 'hex'))],
    ['tracks of unknown size', 'video/webm', endless(tracks)],
    ['nothing but ones', 'video/webm', endless(Buffer.from('ff', 'hex'))],
    ['nothing but zeros', 'video/mp4', endless(Buffer.alloc(1))],
    ['first pages without end', 'audio/ogg', endless(Buffer.concat([oggPage(), Buffer.from('OpusHead')]))],
  ])('of five gigabytes costs at most 64 reads, and keeps its type: %s', async (_, type, bytesAt) => {
    const stored = storedBytes(5 * GIGABYTE, bytesAt);
    expect(await typeByTracks(stored, stored.media, type)).toBe(type);
    expect(stored.reads.length).toBeLessThanOrEqual(64);
  });

  it('that nests as deep as it can is read no further than its first level', async () => {
    let nested: Buffer = Buffer.alloc(0);
    for (let depth = 0; depth < 5000; depth += 1) nested = boxOf('moov', boxOf('trak', nested));
    const stored = storedBytes(nested.length, (start, end) => nested.subarray(start, end));
    expect(await typeByTracks(stored, stored.media, 'video/mp4')).toBe('video/mp4');
    expect(stored.reads.length).toBeLessThan(5);
  });
});

it('passes on that the storage fails', async () => {
  const fault = new DependencyUnavailableError('no storage');
  const { media } = storedBytes(1000, () => Buffer.alloc(0));
  const failing = { downloadFile: () => Promise.reject(fault) };
  await expect(typeByTracks(failing, media, 'video/mp4')).rejects.toBe(fault);
});

function boxOf(type: string, content: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(8 + content.length);
  return Buffer.concat([size, Buffer.from(type), content]);
}

/** A page with the mark of a first one, before a packet of eight bytes. */
function oggPage(): Buffer {
  const page = Buffer.concat([Buffer.from('OggS\0\x02', 'latin1'), Buffer.alloc(22)]);
  page[26] = 1;
  page[27] = 8;
  return page;
}
