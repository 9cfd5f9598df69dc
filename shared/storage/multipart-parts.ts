import { InvalidPartsError, MultipartNotFoundError } from '../errors.ts';
import type { CompleteMultipartInput, NamedPart, SignPartInput, UploadedPart } from './multipart-uploads.ts';
import { infoOrUndefined, type StorageBackend } from './storage-backend.ts';

/** What the adapters of `MultipartUploads` have in common: the rules of S3 (user guide, "Multipart upload limits"). */

const MAX_PART_NUMBER = 10_000;
/** The last part may have less. */
const MIN_PART_BYTES = 5 * 1024 ** 2;
const MAX_OBJECT_BYTES = 5 * 1024 ** 3;

/** @throws RangeError unless it can be a part of an object. */
export function requirePart({ partNumber, contentLength }: Pick<SignPartInput, 'partNumber' | 'contentLength'>): void {
  if (!isPartNumber(partNumber)) throw new RangeError(`parts have the numbers 1 to ${MAX_PART_NUMBER}`);
  if (!(contentLength >= 1 && contentLength <= MAX_OBJECT_BYTES)) {
    throw new RangeError(`a part has 1 to ${MAX_OBJECT_BYTES} bytes`);
  }
}

/**
 * The parts to join, in their order.
 * @throws InvalidPartsError unless each is there as it was named and all together make the declared object.
 * @throws RangeError for a declared length that no upload in parts may have.
 */
export function chooseParts(
  uploaded: readonly UploadedPart[],
  { parts, contentLength }: Pick<CompleteMultipartInput, 'parts' | 'contentLength'>,
): readonly UploadedPart[] {
  if (contentLength > MAX_OBJECT_BYTES) throw new RangeError(`an object has at most ${MAX_OBJECT_BYTES} bytes`);
  const byNumber = new Map(uploaded.map((part) => [part.partNumber, part]));
  const chosen = inOrder(parts).map((named) => asNamed(byNumber.get(named.partNumber), named));
  const tooSmall = chosen.slice(0, -1).find(({ size }) => size < MIN_PART_BYTES);
  if (tooSmall) {
    const { size, partNumber } = tooSmall;
    throw new InvalidPartsError(`has ${size} bytes; all but the last have ${MIN_PART_BYTES} or more`, { partNumber });
  }
  const total = chosen.reduce((sum, { size }) => sum + size, 0);
  if (total !== contentLength) {
    throw new InvalidPartsError(`the parts have ${total} bytes together, not the declared ${contentLength}`);
  }
  return chosen;
}

/**
 * The object that an upload became which does not go on. Its key is no other upload's, so the size tells.
 * @throws MultipartNotFoundError if it became none, or that is gone.
 */
export async function completedObject(
  storage: Pick<StorageBackend, 'getFileInfo'>,
  { key, contentLength }: Pick<CompleteMultipartInput, 'key' | 'contentLength'>,
): Promise<{ readonly eTag: string }> {
  const info = await infoOrUndefined(storage, key);
  if (info?.size !== contentLength) throw new MultipartNotFoundError(key);
  return { eTag: info.eTag };
}

function inOrder(parts: readonly NamedPart[]): readonly NamedPart[] {
  if (parts.length === 0) throw new InvalidPartsError('no part is named');
  const sorted = parts.toSorted((a, b) => a.partNumber - b.partNumber);
  for (const [at, { partNumber }] of sorted.entries()) {
    if (partNumber === sorted[at + 1]?.partNumber) throw new InvalidPartsError('is named twice', { partNumber });
  }
  return sorted;
}

function asNamed(part: UploadedPart | undefined, { partNumber, eTag }: NamedPart): UploadedPart {
  if (part === undefined) throw new InvalidPartsError('is not there', { partNumber });
  if (part.eTag !== eTag) throw new InvalidPartsError('is there in another version than named', { partNumber });
  return part;
}

function isPartNumber(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= MAX_PART_NUMBER;
}
