import { infoOrUndefined } from '../avatars/fenced-write.ts';
import type { MaintenanceDependencies } from '../dependencies.ts';
import type { DueWork } from '../metadata/metadata-store.ts';
import type { UploadRecord } from '../metadata/records.ts';
import { purgeAvatar } from './purge.ts';

const PAGE = 100;
/** Items that one run looks at; the rest is due still at the next run, a minute later. */
const MAX_ITEMS = 1000;

export type SweepCounts = Record<'expired' | 'redriven' | 'purged' | 'left' | 'failed', number>;

/**
 * Does what is due: expires tickets nobody used, sends the event of stranded uploads again, repeats purges. One item's
 * failure does not keep the others waiting. Overlapping runs are harmless: every step is conditional.
 */
export async function sweep(dependencies: MaintenanceDependencies): Promise<SweepCounts> {
  const { metadata, clock, log } = dependencies;
  const now = clock();
  const counts: SweepCounts = { expired: 0, redriven: 0, purged: 0, left: 0, failed: 0 };
  let cursor: string | undefined;
  let looked = 0;
  do {
    const page = await metadata.dueWork({ now, limit: PAGE, ...(cursor !== undefined && { cursor }) });
    for (const item of page.items) {
      try {
        counts[await work(dependencies, item, now)] += 1;
      } catch (error) {
        counts.failed += 1;
        log.error('a due item failed; it stays due', { ...item, error });
      }
    }
    looked += page.items.length;
    cursor = page.cursor;
  } while (cursor !== undefined && looked < MAX_ITEMS);
  if (looked > 0) log.info('swept', counts);
  return counts;
}

async function work(dependencies: MaintenanceDependencies, item: DueWork, now: Date): Promise<keyof SweepCounts> {
  if (item.type === 'purge') {
    return (await purgeAvatar(dependencies, item.avatar)) === 'purged' ? 'purged' : 'left';
  }
  const { metadata } = dependencies;
  const upload = await metadata.getUpload({ uploadId: item.uploadId });
  if (!upload) return 'left';
  if (await isUnused(dependencies, upload)) {
    return (await metadata.expireUpload({ uploadId: upload.uploadId, now })) === 'expired' ? 'expired' : 'left';
  }
  return (await redrive(dependencies, { uploadId: upload.uploadId, seenWorkAt: item.workAt, now }))
    ? 'redriven'
    : 'left';
}

/** Whether nothing was ever sent for it. A render needs no bytes, so it never is. */
async function isUnused({ storage }: MaintenanceDependencies, upload: UploadRecord): Promise<boolean> {
  return (
    upload.kind === 'avatar' &&
    upload.status === 'pending' &&
    (await infoOrUndefined(storage, upload.key)) === undefined
  );
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
