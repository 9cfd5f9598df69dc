import type { AnyRecord, RecordKey, RecordKind, RecordWrite } from '../../../shared/metadata/record-store.ts';
import type { Records } from '../../../shared/metadata/transitions/transition.ts';
import { isSame } from '../../memory/frozen-copy.ts';
import type { MemoryRecordStore } from '../../memory/memory-record-store.ts';
import { holds } from '../../memory/record-writes.ts';
import { type Call, transitionOf } from './calls.ts';

/** A decision that was made, and is committed later or never. */
export interface Pending {
  readonly call: Call;
  readonly outcome: unknown;
  readonly writes: readonly RecordWrite[];
  /** Every record that it read or writes, as it was then. */
  readonly before: readonly { readonly key: RecordKey; readonly record: AnyRecord | undefined }[];
}

/** Decides without a commit; undefined: nothing would be written. */
export function decideNow(store: MemoryRecordStore, call: Call): Pending | undefined {
  const { reads, decide } = transitionOf(call);
  let records: Records = {};
  let keys = reads(call.input, records);
  for (let before = ''; before !== JSON.stringify(keys); keys = reads(call.input, records)) {
    before = JSON.stringify(keys);
    records = Object.fromEntries(Object.entries(keys).map(([role, key]) => [role, store.find(key)]));
  }
  const { outcome, writes } = decide(records, call.input);
  const touched = [...Object.values(keys), ...Object.values(writes ?? {}).map(({ key }) => key)];
  const before = touched.map((key) => ({ key, record: store.find(key) }));
  return writes && { call, outcome, writes: Object.values(writes), before };
}

/** Whether it would be committed now, although a record has changed since. */
export function isLate(store: MemoryRecordStore, { before, writes }: Pending): boolean {
  const isChanged = before.some(({ key, record }) => store.find(key) !== record);
  return isChanged && writes.every((write) => holds(write, store.find(write.key)));
}

/** Whether both stores have the same records. */
export function isSameContent(one: MemoryRecordStore, other: MemoryRecordStore): boolean {
  const kinds: RecordKind[] = ['upload', 'avatar', 'attachment', 'organization', 'owner', 'request', 'switches'];
  return kinds.every((kind) => {
    const others = new Map<string, AnyRecord>(other.entries(kind));
    const records = one.entries(kind);
    return records.length === others.size && records.every(([id, record]) => isSame(record, others.get(id)));
  });
}
