import { findOriginal } from '../avatars/avatar-objects.ts';
import { readWithoutMark } from '../avatars/fence-mark.ts';
import type { WorkerDependencies } from '../dependencies.ts';
import { ContentRejectedError, ObjectChangedError, ObjectNotFoundError } from '../errors.ts';
import type { AvatarUpload, RenderUpload, UploadForAvatar } from '../metadata/records.ts';
import { discard, readWhole } from '../storage/storage-backend.ts';

type Needs = Pick<WorkerDependencies, 'storage' | 'metadata'>;

/**
 * The bytes an upload is made of: what the client sent, in the version seen first; for a render, the avatar's kept
 * original. Undefined: the avatar was deleted or replaced meanwhile.
 * @throws ContentRejectedError `upload_lost` or `upload_changed`, unless an earlier worker kept the original already.
 */
export async function findSource(needs: Needs, upload: UploadForAvatar): Promise<Uint8Array | undefined> {
  try {
    return upload.kind === 'avatar' ? await sentBytes(needs, upload) : await keptOriginal(needs, upload);
  } catch (error) {
    const fault = sourceFaultOf(error);
    if (!fault) throw error;
    const original = await findOriginal(needs.storage, upload.avatar, upload.generation);
    if (!original) throw fault;
    return readWithoutMark(await needs.storage.downloadFile({ key: original.key, ifMatch: original.eTag }));
  }
}

async function sentBytes({ storage }: Needs, { key, eTag, contentLength }: AvatarUpload): Promise<Uint8Array> {
  if (eTag === undefined) throw new ContentRejectedError('upload_lost', 'no bytes were ever seen');
  const file = await storage.downloadFile({ key, ifMatch: eTag });
  if (file.info.size === contentLength) return readWhole(file);
  await discard(file);
  throw new ContentRejectedError('upload_changed', `${file.info.size} bytes came instead of ${contentLength}`);
}

async function keptOriginal(needs: Needs, upload: RenderUpload): Promise<Uint8Array | undefined> {
  const image = (await needs.metadata.getAvatar(upload.avatar))?.image;
  try {
    return image && (await readWithoutMark(await needs.storage.downloadFile({ key: image.original.key })));
  } catch (error) {
    // A delete, or a newer picture of another type, took it away after the record was read.
    if (error instanceof ObjectNotFoundError && (await isOutrun(needs, upload))) return undefined;
    throw error;
  }
}

async function isOutrun({ metadata }: Needs, { avatar, generation }: RenderUpload): Promise<boolean> {
  const record = await metadata.getAvatar(avatar);
  return !record || record.deletedGeneration >= generation || record.claimedGeneration > generation;
}

/** What it means for the upload that its bytes cannot be read as they were seen; undefined for any other fault. */
export function sourceFaultOf(error: unknown): ContentRejectedError | undefined {
  if (error instanceof ContentRejectedError) return error;
  if (error instanceof ObjectNotFoundError) {
    return new ContentRejectedError('upload_lost', 'the bytes are gone', { cause: error });
  }
  if (error instanceof ObjectChangedError) {
    return new ContentRejectedError('upload_changed', 'other bytes stand there now', { cause: error });
  }
  return undefined;
}
