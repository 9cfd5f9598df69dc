import type { MaintenanceDependencies } from '../dependencies.ts';
import type { DueWork, DueWorkPage } from '../metadata/metadata-store.ts';
import type { UploadRecord } from '../metadata/records.ts';
import { infoOrUndefined } from '../storage/storage-backend.ts';
import { purgeAvatars } from './purge.ts';
import { removeAttachment } from './remove-attachment.ts';

const PAGE = 100;
/** Items that one run looks at; the rest is due still at the next run, a minute later. */
const MAX_ITEMS = 1000;

export type SweepCounts = Record<'expired' | 'redriven' | 'purged' | 'removed' | 'left' | 'failed', number>;

/**
 * Does what is due: expires tickets nobody used, sends the event of stranded uploads again, repeats purges, removes drafts
 * whose day is over and what deleted attachments left. One item's failure does not keep the others waiting. Overlapping runs are harmless: every step is conditional.
 */
export async function sweep(dependencies: MaintenanceDependencies): Promise<SweepCounts> {
  const { metadata, clock, log, metrics } = dependencies;
  const now = clock();
  const counts: SweepCounts = { expired: 0, redriven: 0, purged: 0, removed: 0, left: 0, failed: 0 };
  let cursor: string | undefined;
  let looked = 0;
  do {
    const page = await metadata.dueWork({ now, limit: PAGE, ...(cursor !== undefined && { cursor }) });
    // Before the work, which a run may not survive.
    if (cursor === undefined) metrics.record({ SweepLag: lagOf(page, now) });
    for (const item of page.items) {
      if (item.type === 'upload') counts[await lookAfter(dependencies, item, now)] += 1;
      if (item.type === 'attachment') counts[await remove(dependencies, item)] += 1;
    }
    const purges = page.items.filter((item) => item.type === 'purge');
    const purged = await purge(dependencies, purges);
    counts.purged += purged;
    counts.left += purges.length - purged;
    looked += page.items.length;
    cursor = page.cursor;
  } while (cursor !== undefined && looked < MAX_ITEMS);
  if (looked > 0) {
    log.info('swept', counts);
    metrics.record({ UploadsExpired: counts.expired, UploadsRedriven: counts.redriven });
  }
  return counts;
}

/** Milliseconds since the oldest item became due. What fails in every run, or is never reached, makes it grow. */
function lagOf({ items: [oldest] }: DueWorkPage, now: Date): number {
  return oldest ? now.getTime() - Date.parse(oldest.workAt) : 0;
}

type DueUpload = Extract<DueWork, { type: 'upload' }>;
type DuePurge = Extract<DueWork, { type: 'purge' }>;
type DueAttachment = Extract<DueWork, { type: 'attachment' }>;

/** One item's failure does not keep the others waiting. */
async function lookAfter(
  dependencies: MaintenanceDependencies,
  item: DueUpload,
  now: Date,
): Promise<'expired' | 'redriven' | 'left' | 'failed'> {
  const { metadata, log } = dependencies;
  const { uploadId, workAt } = item;
  try {
    const upload = await metadata.getUpload({ uploadId });
    if (!upload) return 'left';
    if (await isUnused(dependencies, upload)) {
      return (await expire(dependencies, upload, now)) ? 'expired' : 'left';
    }
    return (await redrive(dependencies, { uploadId, seenWorkAt: workAt, now })) ? 'redriven' : 'left';
  } catch (error) {
    log.error('a due upload failed; it stays due', { uploadId, error });
    return 'failed';
  }
}

async function remove(
  dependencies: MaintenanceDependencies,
  { fileId }: DueAttachment,
): Promise<'removed' | 'left' | 'failed'> {
  try {
    return (await removeAttachment(dependencies, { fileId })) ? 'removed' : 'left';
  } catch (error) {
    dependencies.log.error('a due attachment failed; it stays due', { fileId, error });
    return 'failed';
  }
}

async function purge(dependencies: MaintenanceDependencies, items: readonly DuePurge[]): Promise<number> {
  const avatars = items.map(({ avatar }) => avatar);
  try {
    return await purgeAvatars(dependencies, avatars);
  } catch (error) {
    dependencies.log.error('due purges failed; they stay due', { avatars, error });
    return 0;
  }
}

/** Whether nothing was ever sent for it. A render needs no bytes, so it never is. */
async function isUnused({ storage }: MaintenanceDependencies, upload: UploadRecord): Promise<boolean> {
  return (
    upload.kind !== 'render' &&
    upload.status === 'pending' &&
    (await infoOrUndefined(storage, upload.key)) === undefined
  );
}

/** Parts that came are given up with it; what cannot be given up now ends by itself. */
async function expire(
  { metadata, storage }: MaintenanceDependencies,
  upload: UploadRecord,
  now: Date,
): Promise<boolean> {
  if ((await metadata.expireUpload({ uploadId: upload.uploadId, now })) !== 'expired') return false;
  if (upload.kind === 'attachment' && upload.multipart) {
    await storage.abortMultipartUpload({ key: upload.key, multipartId: upload.multipart.multipartId });
  }
  return true;
}

/** Sends an upload's event again, once for everyone who saw it due. */
export async function redrive(
  { metadata, queues }: Pick<MaintenanceDependencies, 'metadata' | 'queues'>,
  { uploadId, seenWorkAt, now }: { readonly uploadId: string; readonly seenWorkAt: string; readonly now: Date },
): Promise<boolean> {
  if ((await metadata.redriveUpload({ uploadId, seenWorkAt, now })) !== 'redriven') return false;
  await queues.sendUpload({ uploadId });
  return true;
}
