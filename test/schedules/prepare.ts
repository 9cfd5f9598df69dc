import type { Dependencies } from '../../shared/dependencies.ts';
import type { RecordStore } from '../../shared/metadata/record-store.ts';
import { type StorageKey, temporaryKey } from '../../shared/storage/object-keys.ts';
import { processUpload } from '../../shared/uploads/process-upload.ts';
import type { Adapters } from '../scenarios/world.ts';
import { type Backing, type Message, makeCall, openResult, send } from './port-call.ts';
import type { Notes, Plant, Scenario, SetUp } from './scenario.ts';
import { dependenciesOf } from './task-dependencies.ts';

/** Adapters whose records can be reached below the transitions. */
export type ScheduleAdapters = Pick<Adapters, 'storage' | 'sendPart' | 'close'> & { readonly records: RecordStore };

/** A scenario at the moment at which its tasks may start. */
export interface Prepared {
  readonly backing: Backing;
  readonly notes: Notes;
}

const HOUR = 3_600_000;

/** Brings new and empty adapters to where the scenario starts. */
export async function prepare(
  { scenario, plant }: { readonly scenario: Scenario; readonly plant?: Plant | undefined },
  { records, storage, sendPart }: Omit<ScheduleAdapters, 'close'>,
  now: Date,
): Promise<Prepared> {
  const messages: Message[] = [];
  const backing: Backing = { records, storage, messages };
  const gate = {
    call: async (call: Parameters<typeof makeCall>[1]) => openResult(await makeCall(backing, call)),
    clock: () => now,
  };
  const as = (name: string): Dependencies => dependenciesOf(gate, { name, role: 'worker', plant });
  const take = (uploadId: string): boolean => {
    const index = messages.findIndex((message) => 'uploadId' in message && message.uploadId === uploadId);
    if (index >= 0) messages.splice(index, 1);
    return index >= 0;
  };
  const hands: SetUp = {
    as,
    async send(uploadId, text) {
      const key = temporaryKey(uploadId);
      await as('client').storage.uploadFile({ key, body: Buffer.from(text), contentType: 'text/plain' });
    },
    async sendPart(uploadId, text) {
      const { key, multipartId } = await multipartOf(as('client'), uploadId);
      const part = { partNumber: 1, contentLength: text.length, expiresAt: new Date(now.getTime() + HOUR) };
      const { url } = await storage.signPart({ key, multipartId, ...part });
      // In the header of a response an ETag has quotes.
      return (await sendPart({ key, url }, Buffer.from(text))).replaceAll('"', '');
    },
    async process(uploadId) {
      while (take(uploadId)) await processUpload(as(`set-up-${uploadId}`), { uploadId, receives: 1 });
    },
    duplicate: (uploadId) => send(messages, { uploadId }),
  };
  return { notes: (await scenario.setUp(hands)) ?? {}, backing };
}

async function multipartOf(
  { metadata }: Dependencies,
  uploadId: string,
): Promise<{ readonly key: StorageKey; readonly multipartId: string }> {
  const upload = await metadata.getUpload({ uploadId });
  if (upload?.kind !== 'attachment' || !upload.multipart) throw new RangeError(`${uploadId} is not multipart`);
  return { key: upload.key, multipartId: upload.multipart.multipartId };
}
