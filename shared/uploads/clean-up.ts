import { removeAvatarObjects } from '../avatars/avatar-objects.ts';
import type { Dependencies } from '../dependencies.ts';
import type { UploadRecord } from '../metadata/records.ts';
import { isOriginalKey } from '../storage/object-keys.ts';

/**
 * Removes what an ended upload leaves behind: the client's bytes, and objects of its generation that must not stand.
 * Repeatable: it runs after the end and again at every later delivery of the event, so a crash in between costs nothing.
 */
export async function cleanUpAfter(
  { storage, metadata }: Pick<Dependencies, 'storage' | 'metadata'>,
  upload: UploadRecord,
): Promise<void> {
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
  // Last: while the client's bytes stand, a later delivery, or a start in local mode, finds what is left to do.
  if (upload.kind === 'avatar') await storage.deleteFile({ key: upload.key });
}
