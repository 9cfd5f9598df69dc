import type { RecordKind } from '../../shared/metadata/record-store.ts';
import type { StorageKey } from '../../shared/storage/object-keys.ts';
import { readWhole } from '../../shared/storage/storage-backend.ts';
import type { MemoryRecordStore } from '../memory/memory-record-store.ts';
import type { MemoryStorage } from '../memory/memory-storage.ts';
import type { Expected } from './image-files.ts';
import { faultsAtAnyTime, faultsOfStep } from './invariants.ts';
import { canonical, createNames } from './names.ts';
import { isRead, type Message, makeCall, type PortCall, type PortResult } from './port-call.ts';
import type { SeenObject, Snapshot } from './snapshot.ts';

/** Everything that is stored at one moment, never changed. There is one object for each distinct state. */
export interface MemoryState {
  readonly id: number;
  readonly records: MemoryRecordStore;
  readonly storage: MemoryStorage;
  readonly messages: readonly Message[];
  readonly snapshot: Snapshot;
  /** By call. */
  readonly outcomes: Map<number, Outcome>;
  /** What is wrong in it, by time. */
  readonly faults: Map<number, readonly string[]>;
}

/** What a call leads to. */
export interface Outcome {
  readonly result: PortResult;
  readonly resultId: number;
  readonly next: MemoryState;
  /** What the call must not have done. */
  readonly faults: readonly string[];
}

/** A call with a number: equal calls have the same. */
export interface KnownCall extends PortCall {
  readonly id: number;
}

export interface MemoryStates {
  /** How many distinct states there are. */
  readonly count: number;
  stateOf(stores: Stores): Promise<MemoryState>;
  withId(id: number): MemoryState;
  known(call: PortCall): KnownCall;
  /** Lets a call take effect for the first time in this state. */
  make(state: MemoryState, call: KnownCall): Promise<Outcome>;
  faultsOf(state: MemoryState, now: number): readonly string[];
}

type Stores = Pick<MemoryState, 'records' | 'storage' | 'messages'>;

const KINDS: readonly RecordKind[] = ['upload', 'avatar', 'attachment', 'organization', 'owner', 'request', 'switches'];

/** The states that in-memory adapters can be in, each computed once. */
export function createMemoryStates(expected: Expected): MemoryStates {
  const nameOfState = createNames();
  const nameOfCall = createNames();
  const nameOfResult = createNames();
  const nameOfRecord = createNames();
  const recordNames = new WeakMap<object, number>();
  const states: MemoryState[] = [];
  const texts = new Map<string, string>();

  /** Records are frozen and shared by copies of their store, so most are known. */
  function recordName(record: object): number {
    const known = recordNames.get(record) ?? nameOfRecord(canonical(record));
    recordNames.set(record, known);
    return known;
  }

  async function seenObject(storage: MemoryStorage, key: StorageKey, eTag: string): Promise<SeenObject> {
    const text = texts.get(eTag) ?? (await readWhole(await storage.downloadFile({ key }))).toString();
    texts.set(eTag, text);
    return { eTag, text };
  }

  async function objectsOf(storage: MemoryStorage): Promise<Map<StorageKey, SeenObject>> {
    const objects = new Map<StorageKey, SeenObject>();
    for (const key of [...storage.keys()].sort()) {
      const { eTag } = await storage.getFileInfo({ key });
      objects.set(key, await seenObject(storage, key, eTag));
    }
    return objects;
  }

  async function stateOf({ records, storage, messages }: Stores, before?: MemoryState): Promise<MemoryState> {
    const isSameStorage = before?.storage === storage;
    const objects = isSameStorage ? before.snapshot.objects : await objectsOf(storage);
    const openMultipartKeys = storage.openMultipartUploads();
    const id = nameOfState(
      canonical([
        KINDS.map((kind) => records.all(kind).map(recordName).sort()),
        [...objects].map(([key, { eTag }]) => [key, eTag]),
        openMultipartKeys,
        messages,
      ]),
    );
    const known = states[id];
    if (known) return known;
    const snapshot: Snapshot = {
      uploads: records.all('upload'),
      avatars: records.all('avatar'),
      attachments: records.all('attachment'),
      organizations: records.all('organization'),
      owners: records.all('owner'),
      objects,
      openMultipartKeys,
    };
    const state = { id, records, storage, messages, snapshot, outcomes: new Map(), faults: new Map() };
    states[id] = state;
    return state;
  }

  return {
    get count() {
      return states.length;
    },
    stateOf,
    withId: (id) => states[id] as MemoryState,
    known: (call) => ({ ...call, id: nameOfCall(canonical(call)) }),
    async make(state, call) {
      const stores = isRead(call) ? state : copyFor(call, state);
      const result = await makeCall({ ...stores, messages: stores.messages as Message[] }, call);
      const next = isRead(call) ? state : await stateOf(stores, state);
      const faults = next === state ? [] : faultsOfStep(state.snapshot, next.snapshot);
      const outcome = { result, resultId: nameOfResult(canonical(result)), next, faults };
      state.outcomes.set(call.id, outcome);
      return outcome;
    },
    faultsOf(state, now) {
      const known = state.faults.get(now) ?? faultsAtAnyTime(state.snapshot, new Date(now), expected);
      state.faults.set(now, known);
      return known;
    },
  };
}

/** Only what the call can change is copied. */
function copyFor({ port }: PortCall, { records, storage, messages }: Stores): Stores {
  return {
    records: port === 'records' ? records.copy() : records,
    storage: port === 'storage' ? storage.copy() : storage,
    messages: [...messages],
  };
}
