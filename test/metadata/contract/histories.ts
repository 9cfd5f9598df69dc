import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isTerminal, type UploadRecord } from '../../../shared/metadata/records.ts';
import type { AvatarRef } from '../../../shared/storage/object-keys.ts';
import { type Begin, DAY, HOUR, type Job, MINUTE, SECOND, type World } from './world.ts';

/** So many histories that each thing that may happen does happen in one of them. */
export const ENOUGH_FOR_ALL = 100;

export function describeHistories(begin: Begin, runs: number): void {
  it('accounts for every byte, file and open upload, and ended uploads stay as they ended', async () => {
    const history = fc.array(step, { minLength: 20, maxLength: 60, size: 'max' });
    const seen: Happened = { published: 0, rendered: 0, deleted: 0, removed: 0, cleaned: 0, gaveUp: 0 };
    await fc.assert(
      fc.asyncProperty(history, (steps) => replay(begin, steps, seen)),
      { numRuns: runs },
    );
    // Otherwise the histories would prove nothing about these.
    if (runs >= ENOUGH_FOR_ALL) expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
  }, 300_000);
}

/** How often each of these happened, over all histories. */
interface Happened {
  published: number;
  rendered: number;
  deleted: number;
  removed: number;
  cleaned: number;
  gaveUp: number;
}

async function replay(begin: Begin, steps: readonly Step[], happened: Happened): Promise<void> {
  const quota = { bytes: 200, files: 6, pendingUploads: 3, sentUploads: 3 };
  const [one, two] = [begin(quota), begin(quota)];
  const [first, second] = [sideOf(one, one.user, happened), sideOf(two, two.agent, happened)];
  for (const taken of steps) {
    const side = taken.onSecond ? second : first;
    side.w.pass(taken.pass);
    for (let times = taken.repeated ? 2 : 1; times > 0; times -= 1) {
      await take(side, taken);
      await noteEnds(side);
    }
  }
  await checkAccounts(first);
  await checkAccounts(second);
}

/** One organization with one avatar, and what the outcomes so far say about it. */
interface Side {
  readonly w: World;
  readonly avatar: AvatarRef;
  readonly uploads: { readonly uploadId: string; readonly bytes: number; readonly render: boolean; leases: string[] }[];
  /** Uploads as they were when they were first seen ended. */
  readonly ended: Map<string, UploadRecord>;
  /** Bytes of the published image; undefined: there is none. */
  charged: number | undefined;
  readonly happened: Happened;
}

function sideOf(w: World, avatar: AvatarRef, happened: Happened): Side {
  return { w, avatar, happened, uploads: [], ended: new Map(), charged: undefined };
}

type Upload = Side['uploads'][number];

/** What can happen to one upload, by the worker that has, had or never had its lease. */
const UPLOAD_STEPS = {
  begin,
  publish,
  /** What a worker does, unless it is interrupted: with a new lease, or its last one. */
  work: async (side: Side, upload: Upload, _: Job, { interrupted }: Step) => {
    await begin(side, upload);
    const job = { uploadId: upload.uploadId, leaseId: upload.leases.at(-1) ?? 'never had' };
    if (!interrupted) await publish(side, upload, job);
  },
  defer: async ({ w, happened }: Side, _: Upload, job: Job, { giveUpAfter, interrupted }: Step) => {
    const outcome = await w.defer(interrupted ? { uploadId: job.uploadId } : job, { giveUpAfter });
    if (outcome === 'rejected') happened.gaveUp += 1;
  },
  markSent: ({ w }: Side, { uploadId }: Upload) => w.markSent(uploadId),
  lapse: ({ w }: Side, { uploadId }: Upload) => w.lapse(uploadId),
  reject: ({ w }: Side, _: Upload, job: Job) => w.reject(job),
  supersede: ({ w }: Side, _: Upload, job: Job) => w.supersede(job),
  supersedePending: ({ w }: Side, { uploadId }: Upload) => w.supersedePending(uploadId),
  abort: ({ w }: Side, { uploadId }: Upload) => w.abort(uploadId),
  expire: ({ w }: Side, { uploadId }: Upload) => w.expire(uploadId),
  cleanUp: async ({ w, happened }: Side, { uploadId }: Upload) => {
    const pass = (await w.upload(uploadId))?.cleanUp ?? 'first';
    if ((await w.finishCleanUp(uploadId, pass)) !== 'stale') happened.cleaned += 1;
  },
};

async function begin({ w }: Side, upload: Upload): Promise<void> {
  const leaseId = randomUUID();
  if ((await w.begin(upload, { leaseId })).outcome === 'begun') upload.leases.push(leaseId);
}

async function publish(side: Side, { uploadId, bytes, render }: Upload, job: Job): Promise<void> {
  const outcome = await side.w.publish(job);
  if (outcome !== 'published' || side.ended.has(uploadId)) return;
  if (!render) side.charged = bytes;
  side.happened[render ? 'rendered' : 'published'] += 1;
}

/** What can happen to the avatar and its organization. */
const AVATAR_STEPS = {
  issue: (side: Side, { by, bytes }: Step) => ask(side, { by, bytes, render: false }),
  render: (side: Side, { by }: Step) => ask(side, { by, bytes: 0, render: true }),
  delete: async (side: Side) => {
    const { outcome } = await side.w.delete(side.avatar, side.w.asMember);
    if (outcome !== 'deleted') return;
    if (side.charged !== undefined) side.happened.deleted += 1;
    side.charged = undefined;
  },
  remove: async ({ w, avatar, happened }: Side) => {
    if ((await w.removeDue(avatar)) === 'finished') happened.removed += 1;
  },
  postpone: async ({ w, avatar }: Side) => {
    const { workAt } = (await w.avatar(avatar)) ?? {};
    if (workAt !== undefined) await w.postpone({ kind: 'avatar', ...avatar, workAt });
  },
  limits: ({ w }: Side, { bytes }: Step) => w.setLimits({ bytesLimit: bytes * 6, filesLimit: 1 + (bytes % 6) }),
};

const step = fc.record({
  action: fc.oneof(
    // Often enough for images to be published, replaced, rendered again and deleted.
    { weight: 8, arbitrary: fc.constantFrom('issue', 'work', 'work', 'work') },
    { weight: 4, arbitrary: fc.constantFrom('begin', 'publish', 'markSent', 'defer') },
    { weight: 5, arbitrary: fc.constantFrom('render', 'render', 'render', 'delete', 'remove', 'postpone', 'limits') },
    { weight: 3, arbitrary: fc.constantFrom('reject', 'supersede', 'supersedePending', 'lapse', 'abort', 'expire') },
    { weight: 2, arbitrary: fc.constant('cleanUp') },
  ),
  onSecond: fc.boolean(),
  by: fc.constantFrom('ada', 'bob'),
  bytes: fc.integer({ min: 1, max: 50 }),
  /** Which upload: 1 the last one, 2 the one before. */
  back: fc.constantFrom(1, 1, 1, 2, 3),
  /** Which lease: 1 the last one, 2 the one before. */
  formerLease: fc.constantFrom(1, 1, 1, 1, 2),
  giveUpAfter: fc.constantFrom(0, DAY),
  interrupted: fc.constantFrom(false, false, false, true),
  repeated: fc.boolean(),
  pass: fc.constantFrom(0, 0, SECOND, 5 * MINUTE, 2 * HOUR, DAY),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(side: Side, taken: Step): Promise<void> {
  const { action, back, formerLease } = taken;
  if (action in AVATAR_STEPS) {
    await AVATAR_STEPS[action as keyof typeof AVATAR_STEPS](side, taken);
    return;
  }
  const upload = side.uploads.at(-back);
  if (upload === undefined) return;
  const job = { uploadId: upload.uploadId, leaseId: upload.leases.at(-formerLease) ?? 'never had' };
  await UPLOAD_STEPS[action as keyof typeof UPLOAD_STEPS](side, upload, job, taken);
}

async function ask(
  { w, avatar, uploads }: Side,
  { by, bytes, render }: { by: string; bytes: number; render: boolean },
) {
  const upload = render ? w.renderTicket({ avatar, by }) : w.ticket({ avatar, by, bytes });
  const { outcome } = await w.ask({ upload, access: w.asMember });
  if (outcome === 'issued') uploads.push({ uploadId: upload.uploadId, bytes, render, leases: [] });
}

async function noteEnds({ w, uploads, ended }: Side): Promise<void> {
  for (const { uploadId } of uploads.filter((upload) => !ended.has(upload.uploadId))) {
    const upload = await w.upload(uploadId);
    if (upload !== undefined && isTerminal(upload.status)) ended.set(uploadId, upload);
  }
}

async function checkAccounts({ w, avatar, uploads, charged, ended }: Side): Promise<void> {
  for (const [uploadId, { status, code, finishedAt, expiresAt }] of ended) {
    expect(await w.upload(uploadId)).toMatchObject({ status, finishedAt, expiresAt, ...(code && { code }) });
  }
  const record = await w.avatar(avatar);
  expect(record?.chargedBytes ?? 0).toBe(charged ?? 0);
  expect(record?.image !== undefined).toBe(charged !== undefined);

  const open = uploads.filter(({ uploadId }) => !ended.has(uploadId));
  const images = charged === undefined ? 0 : 1;
  expect(await w.held()).toEqual({
    bytes: open.reduce((sum, { bytes }) => sum + bytes, charged ?? 0),
    files: open.filter(({ render }) => !render).length + images,
    openUploads: open.length,
  });
  const people = await Promise.all(['ada', 'bob'].map(w.owner));
  const records = await Promise.all(open.map(({ uploadId }) => w.upload(uploadId)));
  const sent = records.filter((upload) => upload?.sentAt !== undefined).length;
  expect(people.reduce((sum, person) => sum + (person?.sentUploads ?? 0), 0)).toBe(sent);
  expect(people.reduce((sum, person) => sum + (person?.pendingUploads ?? 0), 0)).toBe(open.length - sent);
}
