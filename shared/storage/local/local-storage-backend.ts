import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { InvalidKeyError, ObjectChangedError, ObjectExistsError, ObjectNotFoundError } from '../../errors.ts';
import { type StorageKey, storageKeyOf } from '../object-keys.ts';
import type {
  CopyFileInput,
  DownloadedFile,
  DownloadFileInput,
  FileInfo,
  ListFilesInput,
  ListFilesPage,
  PublicUrlInput,
  SignedUrlInput,
  StorageBackend,
  StorageTicket,
  UploadFileInput,
  UploadGrant,
} from '../storage-backend.ts';
import { errnoOf, storageErrorOf } from './disk-errors.ts';
import { createFolder, removeEmptyFolders, syncFolder } from './folders.ts';
import { listKeys } from './list-keys.ts';
import { createLocks } from './locks.ts';
import {
  announceDescription,
  eTagOf,
  type ObjectDescription,
  removeDescription,
  removeOrphans,
  settleDescription,
} from './object-description.ts';
import { isObject, type OpenObject, openObject, readAndClose } from './open-object.ts';
import { refuseLinks, resolvePath } from './resolve-path.ts';
import { type StagedFile, stageFile } from './staged-file.ts';
import { signedDownloadUrl, signedForm, signedUploadUrl } from './transfer-grants.ts';

export interface LocalStorageOptions {
  /** The root of the objects. It exists, and only this process writes to it. */
  readonly directory: string;
  /** Where the transfer routes of the local server are reached: `http://127.0.0.1:3000`, without a final slash. */
  readonly baseUrl: string;
  /** Signs addresses and tickets; the transfer routes have the same. */
  readonly secret: Uint8Array;
  /** Called once for every write that has become durable, in the order of the writes to a key. Must not throw. */
  readonly onObjectCreated?: (object: CreatedObject) => void;
}

/** What S3 says of a new object in its event. `size` in bytes. */
export interface CreatedObject {
  readonly key: StorageKey;
  readonly size: number;
  readonly eTag: string;
}

/**
 * Objects as ordinary files in a folder, readable without this product: `avatars/users/ada/small.webp`. A tree from
 * elsewhere is taken as it is.
 *
 * Bodies arrive in `.incoming`, on the same disk, and are renamed to their place when they are whole and checked.
 * What is short (checking a condition, renaming, opening, deleting) happens under the lock of its key, so that a
 * condition still holds when its write becomes visible; moving bytes happens outside.
 */
export class LocalStorageBackend implements StorageBackend {
  readonly #root: string;
  readonly #incoming: string;
  readonly #options: LocalStorageOptions;
  readonly #locks = createLocks();

  constructor(options: LocalStorageOptions) {
    this.#root = resolve(options.directory);
    this.#incoming = join(this.#root, '.incoming');
    this.#options = options;
  }

  async uploadFile(input: UploadFileInput): Promise<{ eTag: string }> {
    return this.#onDisk(input.key, async (path) => {
      await this.#locks.run(path, () => this.#requireConditions(path, input)); // early, before gigabytes are read
      const staged = await stageFile(await this.#incomingFolder(), input);
      try {
        return await this.#locks.run(path, () => this.#publish(path, staged, input));
      } finally {
        await rm(staged.path, { force: true });
      }
    });
  }

  async downloadFile({ key, ifMatch, range }: DownloadFileInput): Promise<DownloadedFile> {
    return this.#onDisk(key, async (path) => {
      const object = await this.#openExisting(path, key);
      const { handle, info } = object;
      try {
        if (ifMatch !== undefined && info.eTag !== ifMatch) throw new ObjectChangedError(key);
        const { start, end } = range ?? { start: 0 };
        if (range !== undefined && (start >= info.size || (end !== undefined && end < start))) {
          throw new RangeError(`"${key}" has ${info.size} bytes, none of them from ${start} to ${end ?? 'its end'}`);
        }
        return { info, body: readAndClose(object, { start, end: Math.min(end ?? info.size, info.size - 1) }) };
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  async getFileInfo({ key }: { key: StorageKey }): Promise<FileInfo> {
    return this.#onDisk(key, async (path) => {
      const { handle, info } = await this.#openExisting(path, key);
      await handle.close();
      return info;
    });
  }

  async fileExists({ key }: { key: StorageKey }): Promise<boolean> {
    return this.#onDisk(key, (path) => isObject(path, key));
  }

  async deleteFile({ key, ifMatch }: { key: StorageKey; ifMatch?: string }): Promise<void> {
    await this.#onDisk(key, (path) =>
      this.#locks.run(path, async () => {
        if (!(await isObject(path, key))) return;
        if (ifMatch !== undefined) await this.#requireConditions(path, { key, ifMatch });
        await unlink(path);
        await removeDescription(path);
        await syncFolder(dirname(path));
        await removeEmptyFolders(dirname(path), this.#root);
      }),
    );
  }

  async listFiles({ prefix, limit = 1000, cursor }: ListFilesInput): Promise<ListFilesPage> {
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new RangeError('a page has 1 to 1,000 files');
    const after = cursor === undefined ? '' : keyOfCursor(cursor);
    const keys: StorageKey[] = [];
    for await (const key of this.#keysAfter(prefix, after)) {
      keys.push(key);
      if (keys.length > limit) break;
    }
    const page = keys.slice(0, limit);
    const files = await this.#infosOf(page);
    const last = page.at(-1);
    return keys.length > limit && last !== undefined ? { files, cursor: cursorOf(last) } : { files };
  }

  async copyFile({ from, to, ifMatch, ...target }: CopyFileInput): Promise<{ eTag: string }> {
    const source = await this.downloadFile({ key: from, ...(ifMatch !== undefined && { ifMatch }) });
    try {
      const { contentType, cacheControl, contentDisposition, metadata, size } = source.info;
      const headers = {
        contentType,
        ...(cacheControl !== undefined && { cacheControl }),
        ...(contentDisposition !== undefined && { contentDisposition }),
      };
      return await this.uploadFile({
        ...headers,
        metadata,
        ...target,
        key: to,
        body: source.body,
        contentLength: size,
      });
    } finally {
      await source.body[Symbol.asyncIterator]().return?.();
    }
  }

  getFileUrl(input: PublicUrlInput): Promise<undefined>;
  getFileUrl(input: SignedUrlInput): Promise<string>;
  async getFileUrl(input: PublicUrlInput | SignedUrlInput): Promise<string | undefined> {
    return input.access === 'signed' ? signedDownloadUrl(this.#options, input) : undefined;
  }

  async createUploadTicket(grant: UploadGrant): Promise<StorageTicket> {
    return grant.method === 'PUT' ? signedUploadUrl(this.#options, grant) : signedForm(this.#options, grant);
  }

  async checkReady(): Promise<void> {
    await this.#mapErrors('', async () => {
      const probe = join(await this.#incomingFolder(), randomUUID());
      await writeFile(probe, 'ready?', { flag: 'wx', flush: true });
      await rm(probe);
    });
  }

  /** Removes what a crash left of unfinished writes. At start-up only: a write in progress would lose its bytes. */
  async removeLeftovers(): Promise<void> {
    await this.#mapErrors('', async () => {
      const folder = await this.#incomingFolder();
      for (const name of await readdir(folder)) await rm(join(folder, name), { force: true });
      await removeOrphans(this.#root);
    });
  }

  /** Runs the task with the path of the key, and gives its failures the names of the port. */
  #onDisk<T>(key: StorageKey, task: (path: string) => Promise<T>): Promise<T> {
    return this.#mapErrors(key, async () => task(await resolvePath(this.#root, key)));
  }

  async #mapErrors<T>(key: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw storageErrorOf(error, key);
    }
  }

  async #incomingFolder(): Promise<string> {
    await refuseLinks(this.#root, this.#incoming); // also throws if the root is gone, which must not be made anew
    await mkdir(this.#incoming, { recursive: true });
    return this.#incoming;
  }

  async #requireConditions(
    path: string,
    { key, ifMatch, ifNoneMatch }: Pick<UploadFileInput, 'key' | 'ifMatch' | 'ifNoneMatch'>,
  ): Promise<void> {
    if (ifNoneMatch !== undefined && (await isObject(path, key))) throw new ObjectExistsError(key);
    if (ifMatch === undefined) return;
    const current = await openObject(path, key);
    await current?.handle.close();
    if (current?.info.eTag !== ifMatch) throw new ObjectChangedError(key);
  }

  /** Puts the staged file in its place and announces it. Holds the lock of the path. */
  async #publish(path: string, staged: StagedFile, input: UploadFileInput): Promise<{ eTag: string }> {
    const { key, contentType, cacheControl, contentDisposition, metadata = {}, ifNoneMatch } = input;
    const description: ObjectDescription = {
      contentType,
      ...(cacheControl !== undefined && { cacheControl }),
      ...(contentDisposition !== undefined && { contentDisposition }),
      metadata,
      sha256: staged.sha256,
    };
    await this.#requireConditions(path, input);
    await this.#createFolderAnd(dirname(path), () =>
      announceDescription(path, { ...description, version: staged.version }),
    );
    await moveTo(path, staged.path, { key, replace: ifNoneMatch === undefined });
    await settleDescription(path);
    await syncFolder(dirname(path));
    const eTag = eTagOf(description);
    this.#options.onObjectCreated?.({ key, size: staged.size, eTag });
    return { eTag };
  }

  /** Once the task has put a file into it, the folder stays. Until then the deletion of a neighbour may remove it. */
  async #createFolderAnd(folder: string, task: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await createFolder(folder, this.#root);
        return await task();
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT' || attempt === 20) throw error;
      }
    }
  }

  async #openExisting(path: string, key: StorageKey): Promise<OpenObject> {
    const object = await this.#locks.run(path, () => openObject(path, key));
    if (object === undefined) throw new ObjectNotFoundError(key);
    return object;
  }

  async *#keysAfter(prefix: string, after: string): AsyncGenerator<StorageKey> {
    const parent = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const folder = await this.#folderOf(parent);
    if (folder !== undefined) yield* listKeys({ folder, parent, prefix, after });
  }

  /** Undefined for a folder that no key can be in. */
  async #folderOf(parent: string): Promise<string | undefined> {
    try {
      return dirname(await resolvePath(this.#root, storageKeyOf(`${parent}-`)));
    } catch (error) {
      if (error instanceof InvalidKeyError) return undefined;
      throw error;
    }
  }

  /** Without those that were deleted meanwhile. A few at a time: each holds a file open. */
  async #infosOf(keys: readonly StorageKey[]): Promise<FileInfo[]> {
    const infos: (FileInfo | undefined)[] = [];
    for (let at = 0; at < keys.length; at += 32) {
      const some = keys.slice(at, at + 32).map((key) =>
        this.getFileInfo({ key }).catch((error: unknown) => {
          if (error instanceof ObjectNotFoundError) return undefined;
          throw error;
        }),
      );
      infos.push(...(await Promise.all(some)));
    }
    return infos.filter((info) => info !== undefined);
  }
}

/** `link` refuses a taken name, whoever took it; `rename` replaces it in one step. */
async function moveTo(path: string, staged: string, { key, replace }: { key: StorageKey; replace: boolean }) {
  if (replace) return rename(staged, path);
  try {
    await link(staged, path);
  } catch (error) {
    throw errnoOf(error) === 'EEXIST' ? new ObjectExistsError(key, { cause: error }) : error;
  }
}

function cursorOf(key: StorageKey): string {
  return Buffer.from(key).toString('base64url');
}

function keyOfCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString() as StorageKey;
  if (cursor === '' || cursorOf(key) !== cursor) throw new RangeError('not a cursor of this storage');
  return key;
}
