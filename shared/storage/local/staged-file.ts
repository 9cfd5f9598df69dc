import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ChecksumMismatchError, LengthMismatchError } from '../../errors.ts';
import type { UploadFileInput } from '../storage-backend.ts';

const BATCH_BYTES = 1024 ** 2;
const SYNC_BYTES = 8 * 1024 ** 2;

/** A whole, checked body on disk that nobody sees yet. */
export interface StagedFile {
  readonly path: string;
  readonly size: number;
  /** Base64. */
  readonly sha256: string;
  /** Tells the file apart from every other that exists at the same time; see `fileVersion`. */
  readonly version: string;
  /** ISO 8601. Only of a link. */
  readonly linkedAt?: string;
}

type BodyToStage = Pick<UploadFileInput, 'key' | 'body' | 'contentLength' | 'checksumSha256'>;

/**
 * Writes the body to a new file in `folder` and checks it against what was declared. It would survive a crash when this
 * resolves; when it throws, no file is left.
 * @throws LengthMismatchError, ChecksumMismatchError, and whatever reading the body throws.
 */
export async function stageFile(folder: string, input: BodyToStage): Promise<StagedFile> {
  const path = join(folder, randomUUID());
  const handle = await open(path, 'wx');
  try {
    const { size, sha256 } = await writeBody(handle, input);
    await handle.sync();
    return { path, size, sha256, version: await fileVersion(handle) };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/**
 * Inode, size and time of change of an open file. Renaming keeps it. Two files that exist at once differ by inode;
 * a file that was edited or copied differs by time or inode from what it was.
 */
export async function fileVersion(handle: FileHandle): Promise<string> {
  const { ino, size, mtimeNs } = await handle.stat({ bigint: true });
  return `${ino}-${size}-${mtimeNs}`;
}

async function writeBody(handle: FileHandle, { key, body, contentLength, checksumSha256 }: BodyToStage) {
  const expected = contentLength ?? (body instanceof Uint8Array ? body.byteLength : undefined);
  if (expected === undefined) throw new TypeError(`the stream for "${key}" comes without contentLength`);
  const digest = createHash('sha256');
  const write = batchedWriter(handle);
  let size = 0;
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    size += chunk.byteLength;
    if (size > expected) throw new LengthMismatchError(key, expected);
    digest.update(chunk);
    await write.add(chunk);
  }
  await write.flush();
  if (size !== expected) throw new LengthMismatchError(key, expected);
  const sha256 = digest.digest('base64');
  if (checksumSha256 !== undefined && checksumSha256 !== sha256) throw new ChecksumMismatchError(key);
  return { size, sha256 };
}

/**
 * Few large writes, and the disk at work while the next bytes arrive: half as fast again as a write for each chunk and
 * one sync at the end.
 */
function batchedWriter(handle: FileHandle) {
  let batch: Uint8Array[] = [];
  let batchBytes = 0;
  let unsyncedBytes = 0;
  let syncing = Promise.resolve();

  async function flush(): Promise<void> {
    if (batchBytes > 0) await writeFully(handle, batch, batchBytes);
    unsyncedBytes += batchBytes;
    batch = [];
    batchBytes = 0;
    if (unsyncedBytes < SYNC_BYTES) return;
    unsyncedBytes = 0;
    await syncing;
    syncing = handle.datasync();
    syncing.catch(() => undefined); // seen by the next await, or by the final sync of the same file
  }

  return {
    async add(chunk: Uint8Array): Promise<void> {
      batch.push(chunk);
      batchBytes += chunk.byteLength;
      if (batchBytes >= BATCH_BYTES) await flush();
    },
    async flush(): Promise<void> {
      await flush();
      await syncing;
    },
  };
}

async function writeFully(handle: FileHandle, chunks: readonly Uint8Array[], bytes: number): Promise<void> {
  const { bytesWritten } = await handle.writev(chunks);
  // A short write is rare and usually the last one that fits; the rest tells why, as an error.
  if (bytesWritten < bytes) await handle.writeFile(Buffer.concat(chunks).subarray(bytesWritten));
}
