/** What a container holds. Subtitles, time codes and data are neither. */
export type TrackKind = 'audio' | 'video';

/** Finds the kinds of all tracks. Reads headers only, forwards. @throws UnreadableMediaError when it cannot tell. */
export type FindTrackKinds = (bytes: ByteRanges) => Promise<ReadonlySet<TrackKind>>;

/** The bytes of one version of a file. */
export interface ByteRanges {
  readonly size: number;
  /**
   * Up to `length` bytes from `start` on, fewer at the end of the file.
   * @throws UnreadableMediaError when too much of the file was read already.
   */
  read(start: number, length: number): Promise<Buffer>;
}

/** A file that breaks the rules of its container, or that does not say within a few reads what it holds. */
export class UnreadableMediaError extends Error {}

/** Exactly `length` bytes. @throws UnreadableMediaError when the file ends before. */
export async function readExactly(bytes: ByteRanges, start: number, length: number): Promise<Buffer> {
  const found = await bytes.read(start, length);
  if (found.length < length) throw new UnreadableMediaError('the file ends too early');
  return found;
}
