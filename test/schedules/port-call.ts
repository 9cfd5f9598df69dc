import type { PurgeMessage } from '../../shared/dependencies.ts';
import type { RecordStore } from '../../shared/metadata/record-store.ts';
import { type StorageKey, uploadIdOfKey } from '../../shared/storage/object-keys.ts';
import {
  type DownloadedFile,
  type DownloadFileInput,
  type FileInfo,
  readWhole,
  type StorageBackend,
} from '../../shared/storage/storage-backend.ts';

/** A message of either queue. */
export type Message = { readonly uploadId: string } | PurgeMessage;

/** What the calls of tasks take effect on. */
export interface Backing {
  readonly records: RecordStore;
  readonly storage: StorageBackend;
  /** Sent and not received. */
  readonly messages: Message[];
}

export type PortName = 'records' | 'storage' | 'queues' | 'edgeCache' | 'scanner' | 'task';

/** One call of a task to the outside: a switching point. `task.start` is the first one of each task. */
export interface PortCall {
  readonly port: PortName;
  readonly method: string;
  readonly parameters: readonly unknown[];
}

/** What a call resolves or rejects with. It can be handed out several times, so a file is kept as its bytes. */
export type PortResult =
  | { readonly value: unknown }
  | { readonly error: unknown }
  | { readonly file: { readonly info: FileInfo; readonly bytes: Uint8Array } };

/** Lets one call take effect. */
export async function makeCall(backing: Backing, call: PortCall): Promise<PortResult> {
  try {
    if (call.port === 'storage' && call.method === 'downloadFile') return { file: await download(backing, call) };
    return { value: await valueOfCall(backing, call) };
  } catch (error) {
    return { error };
  }
}

async function download({ storage }: Backing, { parameters: [input] }: PortCall) {
  const file = await storage.downloadFile(input as DownloadFileInput);
  return { info: file.info, bytes: await readWhole(file) };
}

function valueOfCall(backing: Backing, { port, method, parameters }: PortCall): unknown {
  switch (port) {
    case 'records':
      return apply(backing.records, method, parameters);
    case 'storage':
      return storageCall(backing, method, parameters);
    case 'queues':
      if (method === 'sendSweep') throw new TypeError('scenarios have less due work than is handed on');
      return send(backing.messages, parameters[0] as Message);
    case 'edgeCache':
      return 'accepted';
    case 'scanner':
      return 'clean';
    case 'task':
      return receive(backing.messages, parameters[0] as Message | undefined);
  }
}

/** A write where clients write comes with the storage's event, which is a message of the uploads queue. */
async function storageCall({ storage, messages }: Backing, method: string, parameters: readonly unknown[]) {
  const value = await apply(storage, method, parameters);
  const { key } = parameters[0] as { readonly key?: StorageKey };
  const isWrite = method === 'uploadFile' || method === 'completeMultipartUpload';
  const uploadId = isWrite && key !== undefined ? uploadIdOfKey(key) : undefined;
  if (uploadId !== undefined) send(messages, { uploadId });
  return value;
}

function apply(port: object, method: string, parameters: readonly unknown[]): unknown {
  return Reflect.apply(Reflect.get(port, method) as (...parameters: unknown[]) => unknown, port, parameters);
}

/** A queue has no order, so equal messages are in equal places whenever each was sent. */
export function send(messages: Message[], message: Message): void {
  const nameOf = (each: Message) => JSON.stringify(each);
  messages.push(message);
  messages.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
}

/** @throws RangeError if the message is not there. */
function receive(messages: Message[], message: Message | undefined): void {
  if (message === undefined) return;
  const index = messages.findIndex((each) => JSON.stringify(each) === JSON.stringify(message));
  if (index < 0) throw new RangeError(`there is no message ${JSON.stringify(message)}`);
  messages.splice(index, 1);
}

const READS: Readonly<Record<PortName, readonly string[]>> = {
  records: ['read', 'dueShards', 'dueWork', 'openUploads', 'listAttachments', 'countUsage', 'checkReady'],
  storage: ['downloadFile', 'getFileInfo', 'fileExists', 'listFiles', 'getFileUrl', 'listParts', 'signPart'],
  queues: [],
  edgeCache: ['invalidate'],
  scanner: ['scan'],
  task: [],
};

/** Whether the call changes nothing that is stored or sent. */
export function isRead({ port, method, parameters }: PortCall): boolean {
  return READS[port].includes(method) || (port === 'task' && parameters[0] === undefined);
}

/** @throws what the call rejects with. */
export function openResult(result: PortResult): unknown {
  if ('error' in result) throw result.error;
  return 'value' in result ? result.value : openAgain(result.file);
}

function openAgain({ info, bytes }: { readonly info: FileInfo; readonly bytes: Uint8Array }): DownloadedFile {
  return { info, body: once(bytes) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
