import { type ByteRanges, readExactly, type TrackKind, UnreadableMediaError } from './track-kinds.ts';

/**
 * The tracks of an MP4, QuickTime or 3GP file: the handlers in the first `moov` (ISO/IEC 14496-12, 8.4.3), wherever it
 * is. None without a `moov`. Cover art is stored beside the tracks.
 */
export async function mp4Tracks(bytes: ByteRanges): Promise<ReadonlySet<TrackKind>> {
  const kinds = new Set<TrackKind>();
  const movie = await firstBox(bytes, { start: 0, end: bytes.size }, 'moov');
  if (!movie) return kinds;
  for await (const track of boxesIn(bytes, movie)) {
    if (track.type !== 'trak') continue;
    const kind = KINDS[await handlerOf(bytes, track)];
    if (kind) kinds.add(kind);
  }
  return kinds;
}

/** Auxiliary video and images are shown, too. */
const KINDS: Readonly<Record<string, TrackKind>> = { soun: 'audio', vide: 'video', auxv: 'video', pict: 'video' };

/** Where the content of a box is in the file. */
interface Content {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

interface Box extends Content {
  readonly type: string;
}

async function handlerOf(bytes: ByteRanges, track: Content): Promise<string> {
  const media = await firstBox(bytes, track, 'mdia');
  const handler = media && (await firstBox(bytes, media, 'hdlr'));
  if (!handler) throw new UnreadableMediaError('a track does not say what it is');
  // After the version, the flags and a field that is not used.
  return (await readExactly(bytes, handler.start + 8, 4)).toString('latin1');
}

async function firstBox(bytes: ByteRanges, parent: Content, type: string): Promise<Box | undefined> {
  for await (const box of boxesIn(bytes, parent)) if (box.type === type) return box;
  return undefined;
}

async function* boxesIn(bytes: ByteRanges, { start, end }: Content): AsyncGenerator<Box> {
  for (let at = start; end - at >= 8; ) {
    const header = await readExactly(bytes, at, 8);
    const size = header.readUInt32BE();
    const headerSize = size === 1 ? 16 : 8;
    // 0: to the end of what it is in.
    const next = size === 0 ? end : at + (size === 1 ? await wideSize(bytes, at) : size);
    if (next < at + headerSize || next > end) throw new UnreadableMediaError('a box of no possible size');
    yield { type: header.toString('latin1', 4), start: at + headerSize, end: next };
    at = next;
  }
}

/** The size in 64 bits that follows the type. */
async function wideSize(bytes: ByteRanges, at: number): Promise<number> {
  return Number((await readExactly(bytes, at + 8, 8)).readBigUInt64BE());
}
