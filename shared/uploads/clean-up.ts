import { removeAvatarObjects } from '../avatars/avatar-objects.ts';
import type { WorkerDependencies } from '../dependencies.ts';
import type { AttachmentUpload, UploadForAvatar, UploadRecord } from '../metadata/records.ts';
import { attachmentStart, isOriginalKey, previewKey } from '../storage/object-keys.ts';
import { eachFile } from '../storage/storage-backend.ts';

type Needs = Pick<WorkerDependencies, 'storage' | 'metadata'>;

/**
 * Removes what an ended upload leaves behind: the client's bytes, and objects of its generation that must not stand.
 * Repeatable: it runs after the end and again at every later delivery of the event, so a crash in between costs nothing.
 */
export async function cleanUpAfter(needs: Needs, upload: UploadRecord): Promise<void> {
  if (upload.kind !== 'attachment') await removeLostObjects(needs, upload);
  else if (!(await isPublished(needs, upload))) await removeUnpublished(needs, upload);
  // Last: while the client's bytes stand, a later delivery, or a start in local mode, finds what is left to do.
  if (upload.kind !== 'render') await needs.storage.deleteFile({ key: upload.key });
}

async function removeLostObjects({ storage, metadata }: Needs, upload: UploadForAvatar): Promise<void> {
  const { avatar, generation, status } = upload;
  if (status === 'rejected') {
    await removeAvatarObjects(storage, avatar, { generations: (g) => g === generation });
  }
  if (status === 'ready' || status === 'superseded') {
    const record = await metadata.getAvatar(avatar);
    const published = record?.image?.original.key;
    if (record && record.deletedGeneration >= generation) {
      await removeAvatarObjects(storage, avatar, { generations: (g) => g === generation });
    } else if (record && published) {
      // An original of another type stands at another key, so the newer one did not overwrite it.
      await removeAvatarObjects(storage, avatar, {
        keys: (key) => isOriginalKey(key) && key !== published,
        generations: (g) => g < record.readyGeneration,
      });
    }
  }
}

/** Not once it was deleted: a worker that had lost its lease may write after the objects were removed. */
async function isPublished({ metadata }: Needs, { uploadId, status }: AttachmentUpload): Promise<boolean> {
  return status === 'ready' && (await metadata.getAttachment({ fileId: uploadId }))?.status === 'ready';
}

/** What is not published may have no record; what its worker wrote is known by the id alone. */
async function removeUnpublished({ storage }: Needs, { uploadId, createdAt }: AttachmentUpload): Promise<void> {
  const attachment = { fileId: uploadId, createdAt };
  for await (const { key } of eachFile(storage, attachmentStart(attachment))) await storage.deleteFile({ key });
  await storage.deleteFile({ key: previewKey(attachment) });
}
