import type { StorageKey } from './object-keys.ts';

/**
 * Objects that arrive in parts: the half of `StorageBackend` that only tickets, completions and sweeps need. Law for both
 * sides as storage-backend.ts is; the suite in test/contracts/storage-multipart.contract.ts holds it.
 *
 * - Parts have the numbers 1 to 10,000. They come in any order, several at a time; one that is sent again replaces the
 *   earlier one. All but the last have at least 5 MiB, all together at most 5 GiB, the most that one copy takes (S3 user
 *   guide, "Multipart upload limits"; CopyObject).
 * - Nothing is to be seen at the key before the completion, then all of it at once.
 * - A `multipartId` is opaque and belongs to its key. Under any other there is no upload: MultipartNotFoundError.
 */
export interface MultipartUploads {
  /** Begins an upload in parts. One that is neither completed nor aborted ends by itself after two days or later. */
  createMultipartUpload(input: {
    readonly key: StorageKey;
    readonly contentType: string;
  }): Promise<{ readonly multipartId: string }>;

  /**
   * An address for the client's PUT of one part with exactly `contentLength` bytes, until `expiresAt`; nothing else need
   * be sent with it. The ETag in the answer is what completion asks for. It can be sent again until it expires. Does not
   * look whether the upload goes on; the PUT does, and answers 404 NoSuchUpload.
   * @throws RangeError for a number that no part has, or a length of no byte or more than 5 GiB.
   */
  signPart(input: SignPartInput): Promise<{ readonly url: string }>;

  /**
   * Every part that has arrived whole, in the order of the numbers.
   * @throws MultipartNotFoundError
   */
  listParts(input: MultipartRef): Promise<readonly UploadedPart[]>;

  /**
   * Joins the named parts, in the order of their numbers however they are listed; others are dropped. Like a PUT with a
   * ticket it never replaces an object. It may take minutes, and is repeatable: when an earlier or a simultaneous call
   * has completed this upload, it resolves as that one did, as long as the object stands.
   * @throws InvalidPartsError, and the upload goes on as before: none named, or one twice, not there, not that version
   * or too small; or all together not of `contentLength` bytes.
   * @throws MultipartNotFoundError, ObjectExistsError (from elsewhere).
   */
  completeMultipartUpload(input: CompleteMultipartInput): Promise<{ readonly eTag: string }>;

  /** Drops the parts, and refuses those that still come. No such upload is success; an object it became stays. */
  abortMultipartUpload(input: MultipartRef): Promise<void>;
}

export interface MultipartRef {
  readonly key: StorageKey;
  readonly multipartId: string;
}

export interface SignPartInput extends MultipartRef {
  readonly partNumber: number;
  /** Exact, of this part. */
  readonly contentLength: number;
  readonly expiresAt: Date;
}

export interface NamedPart {
  readonly partNumber: number;
  readonly eTag: string;
}

export interface UploadedPart extends NamedPart {
  readonly size: number;
}

export interface CompleteMultipartInput extends MultipartRef {
  readonly parts: readonly NamedPart[];
  /** Exact, of the whole object: what was declared. */
  readonly contentLength: number;
}
