import { randomUUID } from 'node:crypto';
import { MultipartNotFoundError } from '../../shared/errors.ts';
import type { UploadPartInput } from '../../shared/storage/local/local-storage-backend.ts';
import { signedPartUrl } from '../../shared/storage/local/transfer-grants.ts';
import { chooseParts, completedObject, requirePart } from '../../shared/storage/multipart-parts.ts';
import type {
  CompleteMultipartInput,
  MultipartRef,
  SignPartInput,
  UploadedPart,
} from '../../shared/storage/multipart-uploads.ts';
import type { StorageKey } from '../../shared/storage/object-keys.ts';
import type { StorageBackend } from '../../shared/storage/storage-backend.ts';
import { checked, collect, MemoryObjectStorage, md5Of } from './memory-object-storage.ts';

interface MultipartUpload {
  readonly key: StorageKey;
  readonly contentType: string;
  readonly parts: Map<number, Buffer>;
}

/** A `StorageBackend` in memory, with multipart uploads as S3 has them. */
export class MemoryStorage extends MemoryObjectStorage implements StorageBackend {
  readonly #uploads = new Map<string, MultipartUpload>();

  async createMultipartUpload(upload: {
    readonly key: StorageKey;
    readonly contentType: string;
  }): Promise<{ multipartId: string }> {
    const multipartId = randomUUID();
    this.#uploads.set(multipartId, { ...upload, parts: new Map() });
    return { multipartId };
  }

  async signPart(input: SignPartInput): Promise<{ url: string }> {
    requirePart(input);
    return { url: signedPartUrl(this.signer, input) };
  }

  /** What the PUT of a part does. @throws MultipartNotFoundError, LengthMismatchError */
  async uploadPart(input: UploadPartInput): Promise<{ eTag: string }> {
    this.#requireUpload(input);
    const bytes = checked(await collect(input, input.body), input);
    this.#requireUpload(input).parts.set(input.partNumber, bytes);
    return { eTag: md5Of(bytes) };
  }

  async listParts(ref: MultipartRef): Promise<readonly UploadedPart[]> {
    return partsOf(this.#requireUpload(ref));
  }

  async completeMultipartUpload(input: CompleteMultipartInput): Promise<{ eTag: string }> {
    const upload = this.#find(input);
    if (upload === undefined) return completedObject(this, input);
    const chosen = chooseParts(partsOf(upload), input);
    const bodies = chosen.map(({ partNumber }) => upload.parts.get(partNumber) ?? Buffer.alloc(0));
    const eTag = `${md5Of(Buffer.concat(bodies.map((body) => Buffer.from(md5Of(body), 'hex'))))}-${bodies.length}`;
    const { key, contentType } = upload;
    const object = { key, contentType, ifNoneMatch: '*' } as const;
    this.store(object, Buffer.concat(bodies), { operation: 'CompleteMultipartUpload', eTag });
    this.#uploads.delete(input.multipartId);
    return { eTag };
  }

  async abortMultipartUpload(ref: MultipartRef): Promise<void> {
    if (this.#find(ref)) this.#uploads.delete(ref.multipartId);
  }

  /** The keys of the multipart uploads that go on, without a promise. */
  openMultipartUploads(): readonly StorageKey[] {
    return [...this.#uploads.values()].map(({ key }) => key);
  }

  /** A storage with the same objects and multipart uploads that goes its own way from now on. */
  copy(): MemoryStorage {
    const copy = new MemoryStorage(this.options);
    this.copyObjectsTo(copy);
    for (const [id, upload] of this.#uploads) copy.#uploads.set(id, { ...upload, parts: new Map(upload.parts) });
    return copy;
  }

  #find({ key, multipartId }: MultipartRef): MultipartUpload | undefined {
    const upload = this.#uploads.get(multipartId);
    return upload?.key === key ? upload : undefined;
  }

  #requireUpload(ref: MultipartRef): MultipartUpload {
    const upload = this.#find(ref);
    if (upload === undefined) throw new MultipartNotFoundError(ref.key);
    return upload;
  }
}

function partsOf({ parts }: MultipartUpload): UploadedPart[] {
  return [...parts]
    .map(([partNumber, bytes]) => ({ partNumber, eTag: md5Of(bytes), size: bytes.byteLength }))
    .sort((one, other) => one.partNumber - other.partNumber);
}
