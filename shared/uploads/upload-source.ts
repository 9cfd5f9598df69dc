import { readOriginal } from '../avatars/stored-original.ts';
import type { WorkerDependencies } from '../dependencies.ts';
import { ContentRejectedError, ObjectChangedError, ObjectExistsError, ObjectNotFoundError } from '../errors.ts';
import type { AvatarUpload, RenderUpload, UploadForAvatar } from '../metadata/records.ts';
import { originalKey } from '../storage/object-keys.ts';
import { discard, type FileInfo, readWhole } from '../storage/storage-backend.ts';

type Needs = Pick<WorkerDependencies, 'storage' | 'metadata'>;

/** The bytes an upload is made of. `stored`: they are the original in the upload's folder already. */
export interface UploadSource {
  readonly bytes: Uint8Array;
  readonly stored?: Pick<FileInfo, 'size' | 'eTag'>;
}

/**
 * What the client sent, in the version seen first; for a render, the original of the published version, copied into the
 * render's own folder. Undefined: that version is no longer the published one.
 * @throws ContentRejectedError `upload_lost` or `upload_changed`
 */
export async function findSource(needs: Needs, upload: UploadForAvatar): Promise<UploadSource | undefined> {
  try {
    return upload.kind === 'avatar' ? { bytes: await sentBytes(needs, upload) } : await copiedOriginal(needs, upload);
  } catch (error) {
    const fault = sourceFaultOf(error);
    if (fault && upload.kind === 'render' && !(await isCurrent(needs, upload))) return undefined;
    throw fault ?? error;
  }
}

async function sentBytes({ storage }: Needs, { key, eTag, contentLength }: AvatarUpload): Promise<Uint8Array> {
  if (eTag === undefined) throw new ContentRejectedError('upload_lost', 'no bytes were ever seen');
  const file = await storage.downloadFile({ key, ifMatch: eTag });
  if (file.info.size === contentLength) return readWhole(file);
  await discard(file);
  throw new ContentRejectedError('upload_changed', `${file.info.size} bytes were sent instead of ${contentLength}`);
}

/** A copy that exists already was made by an earlier attempt, from the same version of the source. */
async function copiedOriginal({ storage }: Needs, { avatar, uploadId, source }: RenderUpload): Promise<UploadSource> {
  const { key: from, eTag: ifMatch } = source;
  const key = originalKey(avatar, uploadId, from.slice(from.lastIndexOf('.') + 1));
  try {
    await storage.copyFile({ from, to: key, ...(ifMatch !== undefined && { ifMatch }), ifNoneMatch: '*' });
  } catch (error) {
    if (!(error instanceof ObjectExistsError)) throw error;
  }
  const file = await storage.downloadFile({ key });
  return { bytes: await readOriginal(file), stored: file.info };
}

async function isCurrent({ metadata }: Needs, { avatar, source }: RenderUpload): Promise<boolean> {
  return (await metadata.getAvatar(avatar))?.readyUploadId === source.uploadId;
}

/** What it means for the upload that its bytes cannot be read as they were seen; undefined for any other fault. */
export function sourceFaultOf(error: unknown): ContentRejectedError | undefined {
  if (error instanceof ContentRejectedError) return error;
  if (error instanceof ObjectNotFoundError) {
    return new ContentRejectedError('upload_lost', 'the bytes are gone', { cause: error });
  }
  if (error instanceof ObjectChangedError) {
    return new ContentRejectedError('upload_changed', 'other bytes are stored there now', { cause: error });
  }
  return undefined;
}
