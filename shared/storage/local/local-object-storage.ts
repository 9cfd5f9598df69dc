import { readdir, rm, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ObjectChangedError, ObjectNotFoundError } from '../../errors.ts';
import { cursorOf, keyOfCursor } from '../list-cursor.ts';
import { LAYOUT_PREFIXES, type StorageKey } from '../object-keys.ts';
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
} from '../storage-backend.ts';
import { storageErrorOf } from './disk-errors.ts';
import { removeEmptyFolders, syncFolder } from './folders.ts';
import { linkFile } from './linked-file.ts';
import { keysAfter } from './list-keys.ts';
import { createLocks } from './locks.ts';
import { removeDescription, removeOrphans } from './object-description.ts';
import { isObject, type OpenObject, openObject, readAndClose } from './open-object.ts';
import { probeFolder } from './probe-folder.ts';
import { publishFile, requireConditions } from './publish-file.ts';
import { resolvePath } from './resolve-path.ts';
import { type StagedFile, stageFile } from './staged-file.ts';
import { signedDownloadUrl, signedForm, signedUploadUrl } from './transfer-grants.ts';
import { openWorkFolder } from './work-folders.ts';

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
  readonly operation: 'Put' | 'Copy' | 'CompleteMultipartUpload';
}

/**
 * Objects as ordinary files in a folder, readable without this product: `avatars/users/ada/small.webp`. A tree from
 * elsewhere is taken as it is.
 *
 * Bodies arrive in `.incoming`, on the same disk, and are renamed to their place when they are whole and checked.
 * What is short (checking a condition, renaming, opening, deleting) happens under the lock of its key, so that a
 * condition still holds when its write becomes visible; moving bytes happens outside.
 */
export class LocalObjectStorage implements ObjectStorage {
  protected readonly root: string;
  protected readonly options: LocalStorageOptions;
  protected readonly locks = createLocks();

  constructor(options: LocalStorageOptions) {
    this.root = resolve(options.directory);
    this.options = options;
  }

  async uploadFile(input: UploadFileInput): Promise<{ eTag: string }> {
    return this.store(input, 'Put');
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
      this.locks.run(path, async () => {
        if (!(await isObject(path, key))) return;
        if (ifMatch !== undefined) await requireConditions(path, { key, ifMatch });
        await unlink(path);
        await removeDescription(path);
        await syncFolder(dirname(path));
        await removeEmptyFolders(dirname(path), this.root);
      }),
    );
  }

  async listFiles({ prefix, limit = 1000, cursor }: ListFilesInput): Promise<ListFilesPage> {
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new RangeError('a page has 1 to 1,000 files');
    const after = cursor === undefined ? '' : keyOfCursor(cursor);
    const keys: StorageKey[] = [];
    for await (const key of keysAfter(this.root, prefix, after)) {
      keys.push(key);
      if (keys.length > limit) break;
    }
    const page = keys.slice(0, limit);
    const files = await this.#infosOf(page);
    const last = page.at(-1);
    return keys.length > limit && last !== undefined ? { files, cursor: cursorOf(last) } : { files };
  }

  async copyFile({ from, to, ifMatch, ...changes }: CopyFileInput): Promise<{ eTag: string }> {
    return this.#onDisk(to, async (path) => {
      const { source, linked } = await this.#openToCopy(from, ifMatch);
      const { size, contentType, cacheControl, contentDisposition, metadata } = source.info;
      const target = {
        contentType,
        ...(cacheControl !== undefined && { cacheControl }),
        ...(contentDisposition !== undefined && { contentDisposition }),
        metadata,
        ...changes,
        key: to,
      };
      try {
        if (linked) return await this.#publish(path, linked, target, 'Copy');
        const body = readAndClose(source, { start: 0, end: size - 1 });
        return await this.store({ ...target, body, contentLength: size }, 'Copy');
      } finally {
        await source.handle.close();
      }
    });
  }

  getFileUrl(input: PublicUrlInput): Promise<undefined>;
  getFileUrl(input: SignedUrlInput): Promise<string>;
  async getFileUrl(input: PublicUrlInput | SignedUrlInput): Promise<string | undefined> {
    return input.access === 'signed' ? signedDownloadUrl(this.options, input) : undefined;
  }

  async createUploadTicket(grant: UploadGrant): Promise<StorageTicket> {
    return grant.method === 'PUT' ? signedUploadUrl(this.options, grant) : signedForm(this.options, grant);
  }

  /** Also whether every folder of the layout takes files: one that does not would fail each upload for a day. */
  async checkReady(): Promise<void> {
    await this.mapErrors('.incoming', () => this.incomingFolder());
    for (const prefix of LAYOUT_PREFIXES) {
      await this.mapErrors(prefix, async () => probeFolder(this.root, prefix, await this.incomingFolder()));
    }
  }

  /** Removes what a crash left of unfinished writes. At start-up only: a write in progress would lose its bytes. */
  async removeLeftovers(): Promise<void> {
    await this.mapErrors('', async () => {
      const folder = await this.incomingFolder();
      for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
      await removeOrphans(this.root);
    });
  }

  /** Stores the body, and tells of it as made by this operation of S3. */
  protected async store(input: UploadFileInput, operation: CreatedObject['operation']): Promise<{ eTag: string }> {
    return this.#onDisk(input.key, async (path) => {
      await this.locks.run(path, () => requireConditions(path, input)); // early, before gigabytes are read
      const staged = await stageFile(await this.incomingFolder(), input);
      return this.#publish(path, staged, input, operation);
    });
  }

  /** Where files are that nobody sees yet. */
  protected incomingFolder(): Promise<string> {
    return openWorkFolder(this.root, '.incoming');
  }

  protected async mapErrors<T>(key: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw storageErrorOf(error, key);
    }
  }

  /** Runs the task with the path of the key, and gives its failures the names of the port. */
  #onDisk<T>(key: StorageKey, task: (path: string) => Promise<T>): Promise<T> {
    return this.mapErrors(key, async () => task(await resolvePath(this.root, key)));
  }

  /** Puts the staged file in its place and announces it. If it cannot be put there, it is gone. */
  async #publish(
    path: string,
    staged: StagedFile,
    input: Omit<UploadFileInput, 'body'>,
    operation: CreatedObject['operation'],
  ): Promise<{ eTag: string }> {
    const { key } = input;
    try {
      return await this.locks.run(path, async () => {
        const eTag = await publishFile({ root: this.root, path, staged, input });
        this.options.onObjectCreated?.({ key, size: staged.size, eTag, operation });
        return { eTag };
      });
    } finally {
      await rm(staged.path, { force: true });
    }
  }

  /**
   * The object, and a link to its file for the copy. An object is only ever replaced by another file, so both keys may
   * have the same one. Without `linked` the disk has no links, or no more for this file.
   */
  async #openToCopy(key: StorageKey, ifMatch: string | undefined) {
    const incoming = await this.mapErrors(key, () => this.incomingFolder());
    return this.#onDisk(key, (path) =>
      this.locks.run(path, async () => {
        const source = await openObject(path, key);
        if (source === undefined) throw new ObjectNotFoundError(key);
        try {
          if (ifMatch !== undefined && source.info.eTag !== ifMatch) throw new ObjectChangedError(key);
          return { source, linked: await linkFile(incoming, path, source) };
        } catch (error) {
          await source.handle.close();
          throw error;
        }
      }),
    );
  }

  async #openExisting(path: string, key: StorageKey): Promise<OpenObject> {
    const object = await this.locks.run(path, () => openObject(path, key));
    if (object === undefined) throw new ObjectNotFoundError(key);
    return object;
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
