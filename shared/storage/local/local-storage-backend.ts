import { rm } from 'node:fs/promises';
import { MultipartNotFoundError } from '../../errors.ts';
import { chooseParts, completedObject, requirePart } from '../multipart-parts.ts';
import type { CompleteMultipartInput, MultipartRef, SignPartInput, UploadedPart } from '../multipart-uploads.ts';
import type { StorageKey } from '../object-keys.ts';
import type { StorageBackend } from '../storage-backend.ts';
import { LocalObjectStorage } from './local-object-storage.ts';
import {
  allPartFolders,
  createPartFolder,
  findPartFolder,
  keepPart,
  type PartFolder,
  partsIn,
  readParts,
  removePartFolder,
} from './part-folders.ts';
import { resolvePath } from './resolve-path.ts';
import { stageFile } from './staged-file.ts';
import { signedPartUrl } from './transfer-grants.ts';

/** As the lifecycle of the bucket on AWS. */
const ABANDONED_MILLISECONDS = 2 * 24 * 3_600_000;

export interface UploadPartInput extends MultipartRef {
  readonly partNumber: number;
  readonly body: AsyncIterable<Uint8Array>;
  /** Exact. */
  readonly contentLength: number;
}

/** Objects in a folder, and uploads in parts as S3 has them. What changes an upload happens under its own lock. */
export class LocalStorageBackend extends LocalObjectStorage implements StorageBackend {
  async createMultipartUpload(upload: {
    readonly key: StorageKey;
    readonly contentType: string;
  }): Promise<{ multipartId: string }> {
    return this.mapErrors(upload.key, async () => {
      await resolvePath(this.root, upload.key); // a key that cannot be is refused now, not when its bytes are there
      return createPartFolder(this.root, upload);
    });
  }

  async signPart(input: SignPartInput): Promise<{ url: string }> {
    requirePart(input);
    return { url: signedPartUrl(this.options, input) };
  }

  /**
   * Takes the bytes of one part, whose grant was verified.
   * @throws MultipartNotFoundError, and as soon as possible; LengthMismatchError. No part is kept then.
   */
  async uploadPart(input: UploadPartInput): Promise<{ eTag: string }> {
    return this.mapErrors(input.key, async () => {
      await this.#requireFolder(input); // early, before gigabytes are read
      const staged = await stageFile(await this.incomingFolder(), input);
      try {
        return await this.#alone(input, async () =>
          keepPart(await this.#requireFolder(input), input.partNumber, staged),
        );
      } finally {
        await rm(staged.path, { force: true });
      }
    });
  }

  async listParts(ref: MultipartRef): Promise<readonly UploadedPart[]> {
    return this.#alone(ref, async () => partsIn(await this.#requireFolder(ref)));
  }

  async completeMultipartUpload(input: CompleteMultipartInput): Promise<{ eTag: string }> {
    return this.#alone(input, async () => {
      const folder = await findPartFolder(this.root, input);
      if (folder === undefined) return completedObject(this, input);
      const { key, contentLength } = input;
      const body = readParts(folder, chooseParts(await partsIn(folder), input));
      const object = { key, contentType: folder.contentType, body, contentLength, ifNoneMatch: '*' } as const;
      const { eTag } = await this.store(object, 'CompleteMultipartUpload');
      await removePartFolder(folder.path, await this.incomingFolder());
      return { eTag };
    });
  }

  async abortMultipartUpload(ref: MultipartRef): Promise<void> {
    await this.#alone(ref, async () => {
      const folder = await findPartFolder(this.root, ref);
      if (folder) await removePartFolder(folder.path, await this.incomingFolder());
    });
  }

  /** Also what nobody will complete: abandoned uploads, and those whose object stood when the crash came. */
  override async removeLeftovers(): Promise<void> {
    await super.removeLeftovers();
    await this.mapErrors('', async () => {
      const incoming = await this.incomingFolder();
      for (const { path, upload } of await allPartFolders(this.root)) {
        const isAbandoned = !upload || Date.now() - upload.createdAt.getTime() > ABANDONED_MILLISECONDS;
        if (isAbandoned || (await this.fileExists(upload))) await removePartFolder(path, incoming);
      }
    });
  }

  async #requireFolder(ref: MultipartRef): Promise<PartFolder> {
    const folder = await findPartFolder(this.root, ref);
    if (folder === undefined) throw new MultipartNotFoundError(ref.key);
    return folder;
  }

  #alone<T>({ key, multipartId }: MultipartRef, task: () => Promise<T>): Promise<T> {
    return this.mapErrors(key, () => this.locks.run(`.multipart/${multipartId}`, task));
  }
}
