import { ObjectNotFoundError } from '../errors.ts';
import type { MultipartUploads } from './multipart-uploads.ts';
import type { StorageKey } from './object-keys.ts';

/**
 * Where bytes live. The comments are law for both sides: what callers guarantee and what every adapter must do; the
 * suite in test/contracts/storage-backend.contract.ts holds them.
 *
 * - Keys come from object-keys.ts. Sizes are bytes.
 * - An ETag is an opaque string without quotes. Equal ETags at one key mean equal bytes; different bytes, different ETags.
 * - User metadata: lower-case names, printable ASCII values, 2 KB in all; read back exactly as written.
 * - Reads after a resolved write see it. A resolved write survives a crash.
 * - Absent and denied are different errors: ObjectNotFoundError, StorageDeniedError. Anything a retry can help is a
 *   DependencyUnavailableError.
 * - A condition that an adapter cannot honour is an error there, never ignored.
 */
export interface StorageBackend extends MultipartUploads {
  /**
   * Replaces the object at `key` whole: a reader sees the old bytes or the new ones, never a mixture.
   * @throws ObjectChangedError if `ifMatch` is not the current version (or nothing stands there).
   * @throws ObjectExistsError if `ifNoneMatch` is given and an object stands at the key.
   * @throws LengthMismatchError, ChecksumMismatchError if the body is not the declared one. Nothing is written then.
   */
  uploadFile(input: UploadFileInput): Promise<{ readonly eTag: string }>;

  /**
   * The object's bytes and description, of one version: a replacement while reading is not seen.
   * @throws ObjectNotFoundError, ObjectChangedError (only with `ifMatch`).
   */
  downloadFile(input: DownloadFileInput): Promise<DownloadedFile>;

  /** @throws ObjectNotFoundError */
  getFileInfo(input: { readonly key: StorageKey }): Promise<FileInfo>;

  /** Whether an object stands at the key. Denied is an error, not `false`. */
  fileExists(input: { readonly key: StorageKey }): Promise<boolean>;

  /**
   * Removes the object. A missing key is success, because purges are repeated. Keys that only start alike stay.
   * @throws ObjectChangedError if `ifMatch` is given and another version stands there.
   */
  deleteFile(input: { readonly key: StorageKey; readonly ifMatch?: string }): Promise<void>;

  /**
   * One page of the objects whose key starts with `prefix` (a plain string: `a/b` also lists `a/bc`), in ascending
   * order of the keys' UTF-8 bytes. An unknown prefix is an empty page. A page is whole or an error. Objects written or
   * deleted between two pages may or may not be seen; all others are seen exactly once.
   * @throws RangeError for a cursor that this method did not make.
   */
  listFiles(input: ListFilesInput): Promise<ListFilesPage>;

  /**
   * Copies within the storage. Metadata and headers are copied unless given. `ifMatch` is the condition on the source,
   * `ifNoneMatch` on the target.
   * @throws ObjectNotFoundError (source), ObjectChangedError (source), ObjectExistsError (target).
   */
  copyFile(input: CopyFileInput): Promise<{ readonly eTag: string }>;

  /**
   * An address a browser can fetch without a token. `public`: the CDN's address, the same for everyone and for ever, or
   * undefined where there is no CDN. `signed`: an address that works for GET until `expiresAt` (at most 7 days ahead);
   * equal inputs in one `signedAt` second give equal addresses. Does not look whether the object exists.
   */
  getFileUrl(input: PublicUrlInput): Promise<string | undefined>;
  getFileUrl(input: SignedUrlInput): Promise<string>;

  /**
   * A grant to write exactly one object: this key, type, length (and checksum), until `expiresAt`; nothing else about
   * the object can be chosen. PUT never replaces (a second PUT is 412); a POST form can be sent again until it expires.
   */
  createUploadTicket(input: UploadGrant): Promise<StorageTicket>;

  /** Whether storage can be reached with the configured identity: resolves, or throws what stands in the way. */
  checkReady(): Promise<void>;
}

/** What those need who never deal with parts: whole objects, their addresses and tickets. */
export type ObjectStorage = Omit<StorageBackend, keyof MultipartUploads>;

/** The part of a storage that hands out addresses and touches no object. */
export type FileUrlSource = Pick<StorageBackend, 'getFileUrl' | 'checkReady'>;

/** The headers an object is served with. */
export interface ObjectHeaders {
  readonly contentType: string;
  readonly cacheControl?: string;
  readonly contentDisposition?: string;
}

export interface UploadFileInput extends ObjectHeaders {
  readonly key: StorageKey;
  /** A stream needs `contentLength`. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
  readonly contentLength?: number;
  /** Base64, as in RFC 4648 section 4. */
  readonly checksumSha256?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly ifMatch?: string;
  readonly ifNoneMatch?: '*';
}

export interface FileInfo extends ObjectHeaders {
  readonly key: StorageKey;
  readonly size: number;
  readonly eTag: string;
  readonly lastModified: Date;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface DownloadFileInput {
  readonly key: StorageKey;
  readonly ifMatch?: string;
  /** Inclusive byte positions (RFC 9110, 14.1.2). `end` beyond the object is cut; `start` beyond it is a RangeError. */
  readonly range?: { readonly start: number; readonly end?: number };
}

export interface DownloadedFile {
  readonly info: FileInfo;
  /**
   * Read it to its end, or call `return()` on its iterator: it may hold a file or a connection. Reading throws
   * DependencyUnavailableError if the storage fails midway.
   */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface ListFilesInput {
  readonly prefix: string;
  /** At most this many files in the page, 1 to 1,000. @default 1000 */
  readonly limit?: number;
  /** From the page before. */
  readonly cursor?: string;
}

export interface ListFilesPage {
  readonly files: readonly Pick<FileInfo, 'key' | 'size' | 'eTag' | 'lastModified'>[];
  /** Absent on the last page. */
  readonly cursor?: string;
}

export interface CopyFileInput extends Partial<ObjectHeaders> {
  readonly from: StorageKey;
  readonly to: StorageKey;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly ifMatch?: string;
  readonly ifNoneMatch?: '*';
}

export interface PublicUrlInput {
  readonly key: StorageKey;
  readonly access: 'public';
  /** Becomes `?v=`, part of the CDN's cache key. */
  readonly version: string;
}

export interface SignedUrlInput {
  readonly key: StorageKey;
  readonly access: 'signed';
  readonly signedAt: Date;
  readonly expiresAt: Date;
  /** Becomes part of the address, so that caches keep versions apart. @default - none */
  readonly version?: string;
  /** Replace the object's own headers in the answer. */
  readonly responseContentType?: string;
  readonly responseContentDisposition?: string;
  readonly responseCacheControl?: string;
}

export interface UploadGrant {
  readonly key: StorageKey;
  readonly method: 'PUT' | 'POST';
  readonly contentType: string;
  /** Exact. */
  readonly contentLength: number;
  /** Base64. Only with PUT. */
  readonly checksumSha256?: string;
  readonly expiresAt: Date;
}

export type StorageTicket =
  | {
      readonly method: 'PUT';
      readonly url: string;
      /** What the client must send; only headers that a browser lets a page set. */
      readonly headers: Readonly<Record<string, string>>;
    }
  | {
      readonly method: 'POST';
      readonly url: string;
      /** Form fields, to be sent before the file, which comes last as `file`. */
      readonly fields: Readonly<Record<string, string>>;
    };

/** The whole object as one buffer. For objects whose size is known to be bounded. */
export async function readWhole(file: DownloadedFile): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Lets go of a body that nobody reads to its end. */
export async function discard({ body }: Pick<DownloadedFile, 'body'>): Promise<void> {
  await body[Symbol.asyncIterator]().return?.();
}

/** The object's description, or undefined where none stands. */
export async function infoOrUndefined(
  storage: Pick<StorageBackend, 'getFileInfo'>,
  key: StorageKey,
): Promise<FileInfo | undefined> {
  try {
    return await storage.getFileInfo({ key });
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
}

/** Every object whose key starts with `prefix`, page by page. */
export async function* eachFile(
  storage: Pick<StorageBackend, 'listFiles'>,
  prefix: string,
): AsyncGenerator<ListFilesPage['files'][number]> {
  let cursor: string | undefined;
  do {
    const page = await storage.listFiles({ prefix, ...(cursor !== undefined && { cursor }) });
    yield* page.files;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
