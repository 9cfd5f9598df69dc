import { type ByteRanges, readExactly, type TrackKind, UnreadableMediaError } from './track-kinds.ts';

/**
 * The tracks of a Matroska or WebM file: the types in the first `Tracks` of the first `Segment` (RFC 9559, 5.1.4). None
 * without `Tracks`. Cover art is an attachment, not a track.
 */
export async function matroskaTracks(bytes: ByteRanges): Promise<ReadonlySet<TrackKind>> {
  const kinds = new Set<TrackKind>();
  const segment = await firstElement(bytes, { start: 0, end: bytes.size }, SEGMENT);
  const tracks = segment && (await firstElement(bytes, segment, TRACKS));
  if (!tracks) return kinds;
  for await (const entry of elementsIn(bytes, tracks)) {
    if (entry.id !== TRACK_ENTRY) continue;
    const kind = KINDS[await typeOf(bytes, entry)];
    if (kind) kinds.add(kind);
  }
  return kinds;
}

const SEGMENT = 0x18538067;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_TYPE = 0x83;

/** 3 is a mix of the others (RFC 9559, 5.1.4.1.3). */
const KINDS: Readonly<Record<number, TrackKind>> = { 1: 'video', 2: 'audio', 3: 'video' };

/** Where the data of an element is in the file. */
interface Data {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

interface Element extends Data {
  readonly id: number;
}

async function typeOf(bytes: ByteRanges, entry: Data): Promise<number> {
  const type = await firstElement(bytes, entry, TRACK_TYPE);
  const length = type ? type.end - type.start : 0;
  if (!type || length < 1 || length > 6) throw new UnreadableMediaError('a track does not say what it is');
  return (await readExactly(bytes, type.start, length)).readUIntBE(0, length);
}

async function firstElement(bytes: ByteRanges, parent: Data, id: number): Promise<Element | undefined> {
  for await (const element of elementsIn(bytes, parent)) if (element.id === id) return element;
  return undefined;
}

async function* elementsIn(bytes: ByteRanges, { start, end }: Data): AsyncGenerator<Element> {
  for (let at = start; at < end; ) {
    const header = await bytes.read(at, MAX_HEADER_BYTES);
    const idLength = vintLength(header, 0, 4);
    const id = header.readUIntBE(0, idLength);
    const sizeLength = vintLength(header, idLength, 8);
    const data = at + idLength + sizeLength;
    const size = sizeIn(header.subarray(idLength, idLength + sizeLength));
    // A segment that is recorded live does not know its size; a cluster like that has no end to be found here.
    if (size === undefined && id !== SEGMENT) throw new UnreadableMediaError('an element of unknown size');
    const next = size === undefined ? end : data + size;
    // The last part of a broken-off recording is shorter than it says.
    yield { id, start: data, end: Math.min(next, end) };
    at = next;
  }
}

const MAX_HEADER_BYTES = 12;

/** Bytes of the variable-size integer at `offset`, which its leading zeros say (RFC 8794, 4). */
function vintLength(header: Buffer, offset: number, longest: number): number {
  const length = Math.clz32(header[offset] ?? 0) - 23;
  if (length > longest || offset + length > header.length) throw new UnreadableMediaError('an element without a size');
  return length;
}

/** Undefined if all its bits are set: unknown (RFC 8794, 6.2). */
function sizeIn(vint: Buffer): number | undefined {
  const marker = 1n << BigInt(7 * vint.length);
  const size = BigInt(`0x${vint.toString('hex')}`) - marker;
  return size === marker - 1n ? undefined : Number(size);
}
