import { storageKeyOf } from '../../shared/storage/object-keys.ts';
import type { DownloadedFile, DownloadFileInput } from '../../shared/storage/storage-backend.ts';

/** A storage with one object, whose bytes are made when they are read. */
export function storedBytes(size: number, bytesAt: (start: number, end: number) => Uint8Array) {
  const media = { key: storageKeyOf('temp/uploads/file'), eTag: 'seen first', size };
  const reads: DownloadFileInput[] = [];
  return {
    media,
    reads,
    async downloadFile(input: DownloadFileInput): Promise<DownloadedFile> {
      reads.push(input);
      const { start = 0, end = size - 1 } = input.range ?? {};
      const info = { ...media, contentType: '', lastModified: new Date(0), metadata: {} };
      return { info, body: pieces(bytesAt(start, Math.min(end + 1, size))) };
    },
  };
}

async function* pieces(bytes: Uint8Array) {
  yield bytes;
}
