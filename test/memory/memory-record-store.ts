import { setTimeout as sleep } from 'node:timers/promises';
import type {
  AnyRecord,
  ListAttachmentsInput,
  RecordKey,
  RecordKind,
  RecordOfKind,
  RecordStore,
  RecordWrite,
} from '../../shared/metadata/record-store.ts';
import { countUsage, dueAt, dueWork, listAttachments, openUploads, type Searched, shardOf } from './record-searches.ts';
import { holds, written } from './record-writes.ts';

type Tables = { readonly [Kind in RecordKind]: Map<string, RecordOfKind[Kind]> };

export interface MemoryRecordStoreOptions {
  /** @default - a random pause that grows with the refusals, so that many at one record get out of step */
  readonly pause?: RecordStore['pause'];
}

/**
 * Records in memory, to the letter of the port. Records are frozen, so they are never copied on the way in or out, and a
 * copy of the whole store is cheap. Each call takes effect at once, before its promise is returned; it throws where
 * the caller breaks the port, which other stores may forgive.
 */
export class MemoryRecordStore implements RecordStore {
  readonly #tables: Tables;
  readonly #options: MemoryRecordStoreOptions;

  constructor(options: MemoryRecordStoreOptions = {}, records: Tables = emptyTables()) {
    this.#options = options;
    this.#tables = records;
  }

  async read(keys: readonly RecordKey[]): Promise<(AnyRecord | undefined)[]> {
    if (keys.length > 100) throw new RangeError('at most 100 records are read at once');
    requireDistinct(keys);
    return keys.map((key) => this.find(key));
  }

  async commit(writes: readonly RecordWrite[]): Promise<boolean> {
    requireDistinct(writes.map(({ key }) => key));
    if (!writes.every((write) => holds(write, this.find(write.key)))) return false;
    for (const write of writes) this.#put(write.key, written(write, this.find(write.key)));
    return true;
  }

  async pause(refusals: number): Promise<void> {
    if (this.#options.pause) return this.#options.pause(refusals);
    await sleep(Math.random() * Math.min(2 ** refusals, 64));
  }

  async dueShards({ now }: { readonly now: Date }): Promise<readonly number[]> {
    return [...new Set([...dueAt(this.#searched(), now)].map(shardOf))].sort();
  }

  async dueWork(input: Parameters<RecordStore['dueWork']>[0]) {
    return dueWork(this.#searched(), input);
  }

  async openUploads(input: Parameters<RecordStore['openUploads']>[0]) {
    return openUploads(this.#searched(), input);
  }

  async listAttachments(input: ListAttachmentsInput) {
    return listAttachments(this.#searched(), input);
  }

  async countUsage({ organizationId }: { readonly organizationId: string }) {
    return countUsage(this.#searched(), organizationId);
  }

  async checkReady(): Promise<void> {}

  /** The record as it is now, without a promise. */
  find<Key extends RecordKey>(key: Key): RecordOfKind[Key['kind']] | undefined {
    return (this.#tables[key.kind] as Map<string, RecordOfKind[Key['kind']]>).get(idOf(key));
  }

  /** Every record of the kind, in the order in which they were created. */
  all<Kind extends RecordKind>(kind: Kind): readonly RecordOfKind[Kind][] {
    return [...this.#tables[kind].values()] as RecordOfKind[Kind][];
  }

  /** The same with the ids of the records, which are unique in their kind. */
  entries<Kind extends RecordKind>(kind: Kind): readonly (readonly [string, RecordOfKind[Kind]])[] {
    return [...this.#tables[kind]] as [string, RecordOfKind[Kind]][];
  }

  /** A store with the same records that goes its own way from now on. */
  copy(): MemoryRecordStore {
    const tables = Object.entries(this.#tables).map(([kind, records]) => [kind, new Map<string, AnyRecord>(records)]);
    return new MemoryRecordStore(this.#options, Object.fromEntries(tables) as Tables);
  }

  #searched(): Searched {
    const { upload, avatar, attachment } = this.#tables;
    return { uploads: upload.values(), avatars: avatar.values(), attachments: attachment.values() };
  }

  #put(key: RecordKey, record: AnyRecord | undefined): void {
    const table = this.#tables[key.kind] as Map<string, AnyRecord>;
    if (record === undefined) table.delete(idOf(key));
    else table.set(idOf(key), record);
  }
}

function emptyTables(): Tables {
  const table = () => new Map();
  return {
    upload: table(),
    avatar: table(),
    attachment: table(),
    organization: table(),
    owner: table(),
    request: table(),
    switches: table(),
  };
}

/** Unique among the records of the kind. No organization has a space in its id. */
function idOf(key: RecordKey): string {
  switch (key.kind) {
    case 'upload':
      return key.uploadId;
    case 'avatar':
      return `${key.entityType}/${key.entityId}`;
    case 'attachment':
      return key.fileId;
    case 'organization':
      return key.organizationId;
    case 'owner':
      return `${key.organizationId} ${key.ownerId}`;
    case 'request':
      return key.keyDigest;
    case 'switches':
      return '';
  }
}

function requireDistinct(keys: readonly RecordKey[]): void {
  const names = new Set(keys.map((key) => `${key.kind} ${idOf(key)}`));
  if (names.size < keys.length) throw new RangeError('a record is named twice');
}
