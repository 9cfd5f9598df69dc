import { removeFolder } from '../avatars/version-files.ts';
import type { WorkerDependencies } from '../dependencies.ts';
import type { AttachmentUpload, UploadForAvatar, UploadRecord } from '../metadata/records.ts';
import { foldersInUse } from '../metadata/transitions/retired-versions.ts';
import { attachmentStart, previewKey } from '../storage/object-keys.ts';
import { eachFile } from '../storage/storage-backend.ts';

type Needs = Pick<WorkerDependencies, 'storage' | 'metadata' | 'clock'>;

/**
 * Removes what an ended upload leaves behind: objects that are not published, and the client's bytes. Repeatable: it runs
 * after the end, again at every later delivery of the event, and by the sweep until it has succeeded once.
 */
export async function cleanUpAfter(needs: Needs, upload: UploadRecord): Promise<void> {
  if (upload.kind === 'attachment') await removeUnpublished(needs, upload);
  else if (await isLeftOver(needs, upload)) await removeFolder(needs.storage, upload.avatar, upload.uploadId);
  if (upload.kind !== 'render') await needs.storage.deleteFile({ key: upload.key });
  if (!upload.cleanUp) return;
  await needs.metadata.finishCleanUp({
    uploadId: upload.uploadId,
    pass: upload.cleanUp,
    now: needs.clock(),
    seen: upload,
  });
}

/**
 * Whether nothing in the upload's folder is in use. When it was published, only another worker, which had lost its lease,
 * can have written to the folder after the files were replaced or deleted, and removed.
 */
async function isLeftOver({ metadata, clock }: Needs, upload: UploadForAvatar): Promise<boolean> {
  const { uploadId, avatar, status, leases } = upload;
  if (status !== 'ready') return leases > 0;
  return leases > 1 && !foldersInUse(await metadata.getAvatar(avatar), clock()).has(uploadId);
}

/** What is not published may have no record; what its worker wrote is known by the id alone. */
async function removeUnpublished(needs: Needs, upload: AttachmentUpload): Promise<void> {
  if (upload.leases === 0 || (await isPublished(needs, upload))) return;
  const { storage } = needs;
  const attachment = { fileId: upload.uploadId, createdAt: upload.createdAt };
  for await (const { key } of eachFile(storage, attachmentStart(attachment))) await storage.deleteFile({ key });
  await storage.deleteFile({ key: previewKey(attachment) });
}

/** Not once it was deleted: a worker that had lost its lease may write after the objects were removed. */
async function isPublished({ metadata }: Needs, { uploadId, status }: AttachmentUpload): Promise<boolean> {
  return status === 'ready' && (await metadata.getAttachment({ fileId: uploadId }))?.status === 'ready';
}
