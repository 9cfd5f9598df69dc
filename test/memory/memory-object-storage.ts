import { createHash } from 'node:crypto';
import {
  ChecksumMismatchError,
  LengthMismatchError,
  ObjectChangedError,
  ObjectExistsError,
  ObjectNotFoundError,
} from '../../shared/errors.ts';
import { cursorOf, keyOfCursor } from '../../shared/storage/list-cursor.ts';
import type { CreatedObject } from '../../shared/storage/local/local-object-storage.ts';
import {
  type Signer,
  signedDownloadUrl,
  signedForm,
  signedUploadUrl,
} from '../../shared/storage/local/transfer-grants.ts';
import type { StorageKey } from '../../shared/storage/object-keys.ts';
import type {
  CopyFileInput,
  DownloadedFile,
  DownloadFileInput,
  FileInfo,
  ListFilesInput,
  ListFilesPage,
  ObjectStorage,
  PublicUrlInput,
  SignedUrlInput,
  StorageTicket,
  UploadFileInput,
  UploadGrant,
} from '../../shared/storage/storage-backend.ts';

export interface MemoryStorageOptions extends Partial<Signer> {
  /** @default - the real time */
  readonly now?: () => Date;
  /** Called once for every write. Must not throw. */
  readonly onObjectCreated?: (object: CreatedObject) => void;
}

interface StoredObject {
  readonly info: FileInfo;
  readonly bytes: Buffer;
}

/**
 * Objects in memory. Each call takes effect at once, before its promise is returned, but for a write of a stream: that
 * one does when the stream has ended. URLs are those of local mode's transfer routes.
 */
export class MemoryObjectStorage implements ObjectStorage {
  readonly #objects = new Map<StorageKey, StoredObject>();
  protected readonly options: MemoryStorageOptions;
  protected readonly signer: Signer;

  constructor(options: MemoryStorageOptions = {}) {
    const { baseUrl = 'http://storage.invalid', secret = new Uint8Array(32) } = options;
    this.options = options;
    this.signer = { baseUrl, secret };
  }

  async uploadFile(input: UploadFileInput): Promise<{ eTag: string }> {
    this.#requireConditions(input);
    const { body } = input;
    const bytes = checked(body instanceof Uint8Array ? Buffer.from(body) : await collect(input, body), input);
    return this.store(input, bytes, { operation: 'Put', eTag: md5Of(bytes) });
  }

  async downloadFile({ key, ifMatch, range }: DownloadFileInput): Promise<DownloadedFile> {
    const { info, bytes } = this.#requireObject(key);
    if (ifMatch !== undefined && info.eTag !== ifMatch) throw new ObjectChangedError(key);
    const { start, end } = range ?? { start: 0 };
    if (range !== undefined && (start >= info.size || (end !== undefined && end < start))) {
      throw new RangeError(`"${key}" has ${info.size} bytes, none of them from ${start} to ${end ?? 'its end'}`);
    }
    const part = Buffer.from(bytes.subarray(start, end === undefined ? undefined : end + 1));
    return { info, body: once(part) };
  }

  async getFileInfo({ key }: { readonly key: StorageKey }): Promise<FileInfo> {
    return this.#requireObject(key).info;
  }

  async fileExists({ key }: { readonly key: StorageKey }): Promise<boolean> {
    return this.#objects.has(key);
  }

  async deleteFile({ key, ifMatch }: { readonly key: StorageKey; readonly ifMatch?: string }): Promise<void> {
    if (ifMatch !== undefined && this.#objects.has(key)) this.#requireConditions({ key, ifMatch });
    this.#objects.delete(key);
  }

  async listFiles({ prefix, limit = 1000, cursor }: ListFilesInput): Promise<ListFilesPage> {
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new RangeError('a page has 1 to 1,000 files');
    const after = cursor === undefined ? '' : keyOfCursor(cursor);
    const keys = [...this.#objects.keys()]
      .filter((key) => key.startsWith(prefix) && inUtf8Order(key, after) > 0)
      .sort(inUtf8Order);
    const page = keys.slice(0, limit);
    const files = page.map((key) => this.#requireObject(key).info);
    const last = page.at(-1);
    return keys.length > limit && last !== undefined ? { files, cursor: cursorOf(last) } : { files };
  }

  async copyFile({ from, to, ifMatch, ifNoneMatch, ...changes }: CopyFileInput): Promise<{ eTag: string }> {
    const { info, bytes } = this.#requireObject(from);
    if (ifMatch !== undefined && info.eTag !== ifMatch) throw new ObjectChangedError(from);
    const target = { ...info, ...changes, key: to, ...(ifNoneMatch && { ifNoneMatch }) };
    return this.store(target, bytes, { operation: 'Copy', eTag: md5Of(bytes) });
  }

  getFileUrl(input: PublicUrlInput): Promise<undefined>;
  getFileUrl(input: SignedUrlInput): Promise<string>;
  async getFileUrl(input: PublicUrlInput | SignedUrlInput): Promise<string | undefined> {
    return input.access === 'signed' ? signedDownloadUrl(this.signer, input) : undefined;
  }

  async createUploadTicket(grant: UploadGrant): Promise<StorageTicket> {
    return grant.method === 'PUT' ? signedUploadUrl(this.signer, grant) : signedForm(this.signer, grant);
  }

  async checkReady(): Promise<void> {}

  /** Every key, in no order, without a promise. */
  keys(): readonly StorageKey[] {
    return [...this.#objects.keys()];
  }

  /** Stores the same objects in another storage. They are never changed, only replaced, so they can be shared. */
  protected copyObjectsTo(other: MemoryObjectStorage): void {
    for (const [key, object] of this.#objects) other.#objects.set(key, object);
  }

  /** Puts the object in its place, if its conditions hold. */
  protected store(
    input: Omit<UploadFileInput, 'body'>,
    bytes: Buffer,
    { operation, eTag }: Pick<CreatedObject, 'operation' | 'eTag'>,
  ): { eTag: string } {
    this.#requireConditions(input);
    const { key, contentType, cacheControl, contentDisposition, metadata = {} } = input;
    const info: FileInfo = Object.freeze({
      key,
      size: bytes.byteLength,
      eTag,
      lastModified: this.options.now?.() ?? new Date(),
      contentType,
      ...(cacheControl !== undefined && { cacheControl }),
      ...(contentDisposition !== undefined && { contentDisposition }),
      metadata: Object.freeze({ ...metadata }),
    });
    this.#objects.set(key, { info, bytes });
    this.options.onObjectCreated?.({ key, size: info.size, eTag, operation });
    return { eTag };
  }

  #requireObject(key: StorageKey): StoredObject {
    const object = this.#objects.get(key);
    if (object === undefined) throw new ObjectNotFoundError(key);
    return object;
  }

  #requireConditions({ key, ifMatch, ifNoneMatch }: Pick<UploadFileInput, 'key' | 'ifMatch' | 'ifNoneMatch'>): void {
    const current = this.#objects.get(key);
    if (ifNoneMatch !== undefined && current) throw new ObjectExistsError(key);
    if (ifMatch !== undefined && current?.info.eTag !== ifMatch) throw new ObjectChangedError(key);
  }
}

/** As S3 has them: of the bytes alone. */
export function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

type Declared = Pick<UploadFileInput, 'key' | 'contentLength' | 'checksumSha256'>;

/** The whole stream. Reading stops where it has more than it was declared to have. */
export async function collect({ key, contentLength }: Declared, body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  if (contentLength === undefined) throw new TypeError(`the stream for "${key}" comes without contentLength`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > contentLength) throw new LengthMismatchError(key, contentLength);
    chunks.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(chunks);
}

/** @throws LengthMismatchError, ChecksumMismatchError */
export function checked(bytes: Buffer, { key, contentLength, checksumSha256 }: Declared): Buffer {
  if (contentLength !== undefined && contentLength !== bytes.byteLength) {
    throw new LengthMismatchError(key, contentLength);
  }
  if (checksumSha256 === undefined) return bytes;
  if (createHash('sha256').update(bytes).digest('base64') !== checksumSha256) throw new ChecksumMismatchError(key);
  return bytes;
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Code units sort otherwise: a surrogate pair comes before U+FF5E. */
function inUtf8Order(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
