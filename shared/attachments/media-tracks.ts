import type { StorageKey } from '../storage/object-keys.ts';
import { readWhole, type StorageBackend } from '../storage/storage-backend.ts';
import { matroskaTracks } from './tracks/matroska-tracks.ts';
import { mp4Tracks } from './tracks/mp4-tracks.ts';
import { oggTracks } from './tracks/ogg-tracks.ts';
import { type ByteRanges, type FindTrackKinds, type TrackKind, UnreadableMediaError } from './tracks/track-kinds.ts';

/** One version of an object, and its size in bytes. */
export interface StoredMedia {
  readonly key: StorageKey;
  readonly eTag: string;
  readonly size: number;
}

/**
 * The type of a file whose container may hold sound or video: `video/*` if it has a video track, `audio/*` if it has only
 * audio. Where the tracks cannot be read, and for every other file, `sniffed` as it is.
 *
 * Reads at most 64 ranges of 8 KiB, however large the file is, and keeps one in memory.
 * @throws ObjectNotFoundError, ObjectChangedError, DependencyUnavailableError of the storage.
 */
export async function typeByTracks(
  storage: Pick<StorageBackend, 'downloadFile'>,
  media: StoredMedia,
  sniffed: string,
): Promise<string> {
  const container = CONTAINERS.find(({ types }) => types.includes(sniffed));
  if (!container) return sniffed;
  const kinds = await kindsOrNone(container.find, rangesOf(storage, media));
  const kind = kinds.has('video') ? 'video' : kinds.has('audio') ? 'audio' : undefined;
  return kind === undefined || sniffed.startsWith(`${kind}/`) ? sniffed : container[kind];
}

interface Container {
  /** As the sniffer calls it. */
  readonly types: readonly string[];
  readonly audio: string;
  readonly video: string;
  readonly find: FindTrackKinds;
}

const CONTAINERS: readonly Container[] = [
  {
    types: ['video/mp4', 'video/x-m4v', 'audio/mp4', 'audio/x-m4a'],
    audio: 'audio/mp4',
    video: 'video/mp4',
    find: mp4Tracks,
  },
  { types: ['video/quicktime'], audio: 'audio/quicktime', video: 'video/quicktime', find: mp4Tracks },
  { types: ['video/3gpp'], audio: 'audio/3gpp', video: 'video/3gpp', find: mp4Tracks },
  { types: ['video/3gpp2'], audio: 'audio/3gpp2', video: 'video/3gpp2', find: mp4Tracks },
  { types: ['video/webm'], audio: 'audio/webm', video: 'video/webm', find: matroskaTracks },
  { types: ['video/matroska'], audio: 'audio/matroska', video: 'video/matroska', find: matroskaTracks },
  {
    types: ['application/ogg', 'video/ogg', 'audio/ogg'],
    audio: 'audio/ogg',
    video: 'video/ogg',
    find: oggTracks,
  },
];

async function kindsOrNone(find: FindTrackKinds, bytes: ByteRanges): Promise<ReadonlySet<TrackKind>> {
  try {
    return await find(bytes);
  } catch (error) {
    if (error instanceof UnreadableMediaError) return new Set();
    throw error;
  }
}

/** Each read brings this much, because headers are close together. */
const WINDOW_BYTES = 8192;
const MAX_READS = 64;

function rangesOf(storage: Pick<StorageBackend, 'downloadFile'>, { key, eTag, size }: StoredMedia): ByteRanges {
  let window: { readonly start: number; readonly bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) };
  let reads = 0;
  return {
    size,
    async read(start, length) {
      const end = Math.min(start + length, size);
      if (start >= end) return Buffer.alloc(0);
      if (start < window.start || end > window.start + window.bytes.length) {
        reads += 1;
        if (reads > MAX_READS) throw new UnreadableMediaError('its tracks are not found within a few reads');
        const range = { start, end: Math.min(start + WINDOW_BYTES, size) - 1 };
        window = { start, bytes: await readWhole(await storage.downloadFile({ key, ifMatch: eTag, range })) };
      }
      return window.bytes.subarray(start - window.start, end - window.start);
    },
  };
}
