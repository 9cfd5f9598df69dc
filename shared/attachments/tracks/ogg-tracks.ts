import { type ByteRanges, type TrackKind, UnreadableMediaError } from './track-kinds.ts';

/**
 * The streams that an Ogg file begins with: each has a first page of its own, and all of these come first (RFC 3533, 4).
 * Streams that are chained behind the end of others are not looked for.
 */
export async function oggTracks(bytes: ByteRanges): Promise<ReadonlySet<TrackKind>> {
  const kinds = new Set<TrackKind>();
  for (let at = 0; ; ) {
    const header = await bytes.read(at, HEADER_BYTES + 255);
    if (header.toString('latin1', 0, 4) !== 'OggS' || header.length < HEADER_BYTES) return kinds;
    const isFirstPage = ((header[5] ?? 0) & 2) !== 0;
    if (!isFirstPage) return kinds;
    const segments = header.subarray(HEADER_BYTES, HEADER_BYTES + (header[26] ?? 0));
    const start = at + HEADER_BYTES + segments.length;
    const kind = kindOf((await bytes.read(start, 8)).toString('latin1'));
    if (kind !== 'other') kinds.add(kind);
    at = start + segments.reduce((sum, length) => sum + length, 0);
  }
}

const HEADER_BYTES = 27;

/** How the first packet of a stream begins: the codecs of https://wiki.xiph.org/MIMETypesCodecs, and OGM. */
const MARKS: readonly (readonly [string, TrackKind | 'other'])[] = [
  ['OpusHead', 'audio'],
  ['\x01vorbis', 'audio'],
  ['\x7fFLAC', 'audio'],
  ['Speex   ', 'audio'],
  ['CELT    ', 'audio'],
  ['PCM     ', 'audio'],
  ['\x01audio', 'audio'],
  ['\x80theora', 'video'],
  ['\x01video', 'video'],
  ['BBCD\0', 'video'],
  ['OVP80', 'video'],
  ['\x80daala', 'video'],
  ['fishead\0', 'other'],
  ['\x80kate\0', 'other'],
  ['CMML\0', 'other'],
  ['\x01text', 'other'],
];

function kindOf(start: string): TrackKind | 'other' {
  const [, kind] = MARKS.find(([mark]) => start.startsWith(mark)) ?? [];
  if (!kind) throw new UnreadableMediaError('a stream of an unknown codec');
  return kind;
}
