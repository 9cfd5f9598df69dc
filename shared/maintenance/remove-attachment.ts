import type { MaintenanceDependencies } from '../dependencies.ts';
import type { AttachmentRecord } from '../metadata/records.ts';

/**
 * Removes the objects of a deleted attachment, then its record. A draft whose day is over is deleted first. Repeatable at
 * any point: the record goes last, and until then it is due.
 * @returns whether something was removed.
 */
export async function removeAttachment(
  { storage, metadata, clock }: MaintenanceDependencies,
  { fileId }: { readonly fileId: string },
): Promise<boolean> {
  const file = await metadata.getAttachment({ fileId });
  if (!file || !(await isDeleted({ metadata, clock }, file))) return false;
  await storage.deleteFile({ key: file.key });
  if (file.preview) await storage.deleteFile({ key: file.preview.key });
  return (await metadata.forgetAttachment({ fileId })) === 'forgotten';
}

async function isDeleted(
  { metadata, clock }: Pick<MaintenanceDependencies, 'metadata' | 'clock'>,
  { fileId, status, draft }: AttachmentRecord,
): Promise<boolean> {
  if (status === 'deleting') return true;
  return draft && (await metadata.expireDraft({ fileId, now: clock() })) === 'expired';
}
