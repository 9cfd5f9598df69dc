import { Readable } from 'node:stream';
import { MemoryRecordStore } from '../memory/memory-record-store.ts';
import { MemoryStorage } from '../memory/memory-storage.ts';
import type { ScheduleAdapters } from './prepare.ts';

/** Records and objects in memory. Dates of objects are all the same, so that equal states are. */
export interface MemoryAdapters extends ScheduleAdapters {
  readonly records: MemoryRecordStore;
  readonly storage: MemoryStorage;
}

export async function openMemoryAdapters(): Promise<MemoryAdapters> {
  const storage = new MemoryStorage({ now: () => new Date(0) });
  return {
    storage,
    records: new MemoryRecordStore({ pause: async () => {} }),
    async sendPart({ key, url }, bytes) {
      const query = new URL(url).searchParams;
      const [multipartId, partNumber] = [query.get('uploadId') ?? '', Number(query.get('partNumber'))];
      const part = { body: Readable.from([bytes]), contentLength: bytes.length };
      return (await storage.uploadPart({ key, multipartId, partNumber, ...part })).eTag;
    },
    close: async () => {},
  };
}
