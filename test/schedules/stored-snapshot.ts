import { MultipartNotFoundError } from '../../shared/errors.ts';
import type {
  AnyRecord,
  RecordKey,
  RecordKind,
  RecordOfKind,
  RecordStore,
} from '../../shared/metadata/record-store.ts';
import type { UploadRecord } from '../../shared/metadata/records.ts';
import type { StorageKey } from '../../shared/storage/object-keys.ts';
import { readWhole, type StorageBackend } from '../../shared/storage/storage-backend.ts';
import type { SeenObject, Snapshot } from './snapshot.ts';

/** A store of which it is known which records were ever written. */
export interface WatchedRecords {
  readonly records: RecordStore;
  readonly written: readonly RecordKey[];
}

export function watchRecords(records: RecordStore): WatchedRecords {
  const written = new Map<string, RecordKey>();
  const watched: RecordStore = {
    read: (keys) => records.read(keys),
    commit(writes) {
      for (const { key } of writes) written.set(JSON.stringify(key), key);
      return records.commit(writes);
    },
    pause: (refusals) => records.pause(refusals),
    dueShards: (input) => records.dueShards(input),
    dueWork: (input) => records.dueWork(input),
    openUploads: (input) => records.openUploads(input),
    listAttachments: (input) => records.listAttachments(input),
    countUsage: (input) => records.countUsage(input),
    checkReady: () => records.checkReady(),
  };
  return {
    records: watched,
    get written() {
      return [...written.values()];
    },
  };
}

/** Looks at everything that any adapters hold. */
export async function takeSnapshot(
  { records, written }: WatchedRecords,
  storage: Pick<StorageBackend, 'listFiles' | 'downloadFile' | 'listParts'>,
): Promise<Snapshot> {
  const found = await records.read(written);
  const ofKind = <Kind extends RecordKind>(kind: Kind) =>
    written.flatMap((key, index) =>
      key.kind === kind && found[index] ? [found[index] as AnyRecord] : [],
    ) as unknown as RecordOfKind[Kind][];
  const uploads = ofKind('upload');
  return {
    uploads,
    avatars: ofKind('avatar'),
    attachments: ofKind('attachment'),
    organizations: ofKind('organization'),
    owners: ofKind('owner'),
    objects: await objectsOf(storage),
    openMultipartKeys: (await Promise.all(uploads.map((upload) => openKeysOf(storage, upload)))).flat(),
  };
}

async function objectsOf(
  storage: Pick<StorageBackend, 'listFiles' | 'downloadFile'>,
): Promise<Map<StorageKey, SeenObject>> {
  const { files } = await storage.listFiles({ prefix: '' });
  const seen = files.map(async ({ key, eTag }): Promise<[StorageKey, SeenObject]> => {
    const text = (await readWhole(await storage.downloadFile({ key }))).toString();
    return [key, { eTag, text }];
  });
  return new Map(await Promise.all(seen));
}

async function openKeysOf(storage: Pick<StorageBackend, 'listParts'>, upload: UploadRecord): Promise<StorageKey[]> {
  if (upload.kind !== 'attachment' || !upload.multipart) return [];
  try {
    await storage.listParts({ key: upload.key, multipartId: upload.multipart.multipartId });
    return [upload.key];
  } catch (error) {
    if (error instanceof MultipartNotFoundError) return [];
    throw error;
  }
}
