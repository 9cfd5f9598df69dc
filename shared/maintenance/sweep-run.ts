import pMap from 'p-map';
import type { MaintenanceDependencies } from '../dependencies.ts';
import type { DueWork } from '../metadata/record-store.ts';
import { isTerminal, type UploadRecord } from '../metadata/records.ts';
import { purgeAvatars } from './purge.ts';
import { removeAttachment } from './remove-attachment.ts';
import { sweepUpload } from './sweep-upload.ts';

/** Items that are worked on side by side: beyond that, requests wait for a socket of the SDK until they time out. */
const AT_ONCE = 40;
/** Items of one kind that one run works on in one shard: no kind takes the time of the others. */
const BUDGET = 2000;
/** Failures of one kind after which a run leaves the rest of that kind to the next one: what it needs is down. */
const MAX_FAILURES = 10;

export const RESULTS = ['expired', 'redriven', 'givenUp', 'cleaned', 'purged', 'removed', 'left', 'failed'] as const;
/** What becomes of due work. `left`: not begun, or another run was faster. */
type Result = (typeof RESULTS)[number];
export type SweepCounts = Readonly<Record<Result, number>>;

type Outcome = { readonly result: Exclude<Result, 'failed'> } | { readonly result: 'failed'; readonly error: unknown };
/** Kinds of work by what they need: an upload that has ended needs other calls than one that is open. */
type Kind = 'openUpload' | 'cleanUp' | 'purge' | 'attachment';
type DueAvatar = Extract<DueWork, { readonly kind: 'avatar' }>;

/** Works on pages of items and counts what becomes of them. */
export function createSweepRun(dependencies: MaintenanceDependencies, deadline: Date) {
  const counts = Object.fromEntries(RESULTS.map((result) => [result, 0])) as Record<Result, number>;
  const begun = { openUpload: 0, cleanUp: 0, purge: 0, attachment: 0 };
  const failures = { openUpload: 0, cleanUp: 0, purge: 0, attachment: 0 };

  /** Whether there is time, and room in the budget of its kind, for one item more. */
  function begins(kind: Kind): boolean {
    const isLeft = begun[kind] >= BUDGET || failures[kind] >= MAX_FAILURES || dependencies.clock() >= deadline;
    if (isLeft) counts.left += 1;
    else begun[kind] += 1;
    return !isLeft;
  }

  async function count(kind: Kind, work: DueWork, outcome: Outcome): Promise<void> {
    counts[outcome.result] += 1;
    if (outcome.result !== 'failed') return;
    failures[kind] += 1;
    await putOff(dependencies, work, outcome.error);
  }

  async function purge(items: readonly DueAvatar[]): Promise<void> {
    const due = items.filter(() => begins('purge'));
    const results = await purgeAvatars(dependencies, due);
    await Promise.all(due.map((work, index) => count('purge', work, results[index] ?? { result: 'left' })));
  }

  async function workOnEach(items: readonly DueWork[]): Promise<void> {
    const uploads = await readUploads(dependencies, items);
    const workOn = async (work: DueWork) => {
      const kind = kindOf(work, uploads);
      if (begins(kind)) await count(kind, work, await doWork(dependencies, work, uploads));
    };
    await pMap(items, workOn, { concurrency: AT_ONCE });
  }

  return {
    counts: counts as SweepCounts,
    async workOn(items: readonly DueWork[]): Promise<void> {
      const avatars = items.filter((item): item is DueAvatar => item.kind === 'avatar');
      await Promise.all([purge(avatars), workOnEach(items.filter(({ kind }) => kind !== 'avatar'))]);
    },
  };
}

function kindOf(work: DueWork, uploads: ReadonlyMap<string, UploadRecord>): Kind {
  if (work.kind !== 'upload') return 'attachment';
  const upload = uploads.get(work.uploadId);
  return upload && isTerminal(upload.status) ? 'cleanUp' : 'openUpload';
}

async function readUploads(
  { metadata }: MaintenanceDependencies,
  items: readonly DueWork[],
): Promise<ReadonlyMap<string, UploadRecord>> {
  const ids = items.flatMap((item) => (item.kind === 'upload' ? [item.uploadId] : []));
  const uploads = await metadata.getUploads(ids);
  return new Map(uploads.flatMap((upload) => (upload ? [[upload.uploadId, upload]] : [])));
}

async function doWork(
  dependencies: MaintenanceDependencies,
  work: DueWork,
  uploads: ReadonlyMap<string, UploadRecord>,
): Promise<Outcome> {
  try {
    if (work.kind === 'attachment')
      return { result: (await removeAttachment(dependencies, work)) ? 'removed' : 'left' };
    const upload = work.kind === 'upload' ? uploads.get(work.uploadId) : undefined;
    return { result: upload ? await sweepUpload(dependencies, { upload, workAt: work.workAt }) : 'left' };
  } catch (error) {
    return { result: 'failed', error };
  }
}

/** Failed work does not keep the rest waiting: it is due again in a minute at first, then later and later. */
async function putOff({ metadata, clock, log }: MaintenanceDependencies, work: DueWork, error: unknown): Promise<void> {
  log.error('due work failed; it is put off', { ...work, error });
  try {
    await metadata.postponeWork({ work, now: clock() });
  } catch (fault) {
    log.error('failed work could not be put off; it stays due', { ...work, error: fault });
  }
}
