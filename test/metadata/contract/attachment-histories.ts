import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isTerminal, type UploadStatus } from '../../../shared/metadata/records.ts';
import { type AttachmentWorld, attachmentsOf } from './attachment-world.ts';
import { ENOUGH_FOR_ALL } from './histories.ts';
import { type Begin, DAY, eventually, HOUR, type Job, MINUTE, type World } from './world.ts';

export function describeAttachmentHistories(begin: Begin, runs: number): void {
  it('keeps the quota at what still exists, also when steps happen at the same time', async () => {
    const history = fc.array(moment, { minLength: 10, maxLength: 30, size: 'max' });
    const happened = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(history, (moments) => replay(begin, moments, happened)),
      { numRuns: runs },
    );
    if (runs < ENOUGH_FOR_ALL) return;
    // Otherwise the histories would prove nothing about these.
    expect([...happened.keys()]).toEqual(
      expect.arrayContaining([
        ...['issued', 'quota_exceeded', 'too_many_open', 'published', 'rejected', 'superseded', 'aborted', 'expired'],
        ...['deleted', 'not_allowed', 'draft expired', 'sent', 'forgotten', 'image published', 'image deleted'],
        ...['marked', 'deferred', 'finished'],
      ]),
    );
  }, 300_000);
}

const step = fc.record({
  action: fc.oneof(
    // Often enough for attachments to be published, sent, deleted and forgotten.
    { weight: 10, arbitrary: fc.constantFrom('issue', 'issue', 'work', 'work', 'work') },
    { weight: 6, arbitrary: fc.constantFrom('delete', 'send', 'expireDraft', 'expireDraft', 'forget') },
    { weight: 4, arbitrary: fc.constantFrom('begin', 'publish', 'defer', 'markSent', 'lapse') },
    { weight: 4, arbitrary: fc.constantFrom('reject', 'supersede', 'supersedePending', 'abort', 'expire', 'cleanUp') },
    { weight: 6, arbitrary: fc.constantFrom('avatar', 'workOnAvatar', 'workOnAvatar', 'render', 'deleteAvatar') },
  ),
  by: fc.constantFrom('ada', 'bob', 'admin'),
  bytes: fc.integer({ min: 0, max: 60 }),
  draft: fc.boolean(),
  /** Which upload: 1 the last one, 2 the one before. */
  back: fc.constantFrom(1, 1, 1, 2, 3, 4),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What is requested at the same time, and how long it is until the next moment. */
const moment = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 4 }),
  pass: fc.constantFrom(0, 0, MINUTE, HOUR, 2 * HOUR, DAY, DAY),
});
type Moment = typeof moment extends fc.Arbitrary<infer T> ? T : never;

interface Upload {
  readonly uploadId: string;
  readonly ownerId: string;
  readonly ofAttachment: boolean;
  /** All that were ever had, the last one at the end. */
  readonly leases: string[];
}

/** One organization, and what the outcomes so far say about it. */
interface Scene {
  readonly w: World;
  readonly a: AttachmentWorld;
  readonly uploads: Upload[];
  /** Attachments whose delete has been confirmed. */
  readonly deleted: Set<string>;
  note(outcome: string): void;
}

async function replay(begin: Begin, moments: readonly Moment[], happened: Map<string, number>): Promise<void> {
  const w = begin({ bytes: 200, files: 6, pendingUploads: 2, sentUploads: 2 });
  const note = (outcome: string) => void happened.set(outcome, (happened.get(outcome) ?? 0) + 1);
  const scene: Scene = { w, a: attachmentsOf(w), uploads: [], deleted: new Set(), note };
  for (const { steps, pass } of moments) {
    await Promise.all(steps.map((taken) => STEPS[taken.action as keyof typeof STEPS](scene, taken)));
    w.pass(pass);
  }
  await checkAccounts(scene);
  await checkAttachments(scene);
}

const STEPS = {
  issue: async ({ a, uploads, note }: Scene, { by, bytes, draft }: Step) => {
    const upload = a.ticket({ by, bytes, draft, contextId: 'room' });
    const { outcome } = await a.ask({ upload });
    note(outcome);
    if (outcome === 'issued') uploads.push({ ...upload, ofAttachment: true, leases: [] });
  },
  begin: async (scene: Scene, { back }: Step) => void (await lease(scene, scene.uploads.at(-back))),
  publish: async ({ a, uploads, note }: Scene, { back }: Step) => {
    const job = lastJob(uploads.at(-back));
    if (job) note(await a.publish(job));
  },
  work: async (scene: Scene, { back }: Step) => {
    const job = await lease(scene, picked(scene, true, back));
    if (job) scene.note(await scene.a.publish(job));
  },
  reject: (scene: Scene, { back }: Step) => underLease(scene, scene.uploads.at(-back), scene.w.reject),
  supersede: (scene: Scene, { back }: Step) => underLease(scene, scene.uploads.at(-back), scene.w.supersede),
  defer: (scene: Scene, { back }: Step) => underLease(scene, scene.uploads.at(-back), scene.w.defer),
  markSent: (scene: Scene, { back }: Step) => noteOutcome(scene, back, scene.w.markSent),
  lapse: (scene: Scene, { back }: Step) => noteOutcome(scene, back, scene.w.lapse),
  supersedePending: (scene: Scene, { back }: Step) => noteOutcome(scene, back, scene.w.supersedePending),
  cleanUp: (scene: Scene, { back, draft }: Step) =>
    noteOutcome(scene, back, (uploadId) => scene.w.finishCleanUp(uploadId, draft ? 'first' : 'second')),
  abort: async ({ w, uploads, note }: Scene, { back }: Step) => {
    const upload = uploads.at(-back);
    if (upload) note((await w.abort(upload.uploadId)).outcome);
  },
  expire: (scene: Scene, { back }: Step) => noteOutcome(scene, back, scene.w.expire),

  delete: async (scene: Scene, { back, by }: Step) => {
    const upload = picked(scene, true, back);
    if (!upload) return;
    const access = { ...scene.a.asUploader, ownerId: by, othersToo: by === 'admin' };
    const outcome = await scene.a.delete(upload.uploadId, access);
    scene.note(outcome);
    if (outcome === 'deleted') scene.deleted.add(upload.uploadId);
  },
  send: async (scene: Scene, { back }: Step) => {
    const upload = picked(scene, true, back);
    if (!upload) return;
    const access = { ...scene.a.asUploader, ownerId: upload.ownerId };
    const { outcome } = await scene.a.update(upload.uploadId, { draft: false }, { access });
    if (outcome === 'updated') scene.note('sent');
  },
  expireDraft: async (scene: Scene, { back }: Step) => {
    const upload = picked(scene, true, back);
    if (!upload || (await scene.a.expireDraft(upload.uploadId)) !== 'expired') return;
    scene.note('draft expired');
    scene.deleted.add(upload.uploadId);
  },
  forget: async (scene: Scene, { back }: Step) => {
    const upload = picked(scene, true, back);
    if (upload) scene.note(await scene.a.forget(upload.uploadId));
  },

  avatar: ({ w, ...scene }: Scene, { by, bytes }: Step) => askForAvatar({ w, ...scene }, w.ticket({ by, bytes })),
  render: ({ w, ...scene }: Scene, { by }: Step) => askForAvatar({ w, ...scene }, w.renderTicket({ by })),
  workOnAvatar: async (scene: Scene, { back }: Step) => {
    const job = await lease(scene, picked(scene, false, back));
    if (job && (await scene.w.publish(job)) === 'published') scene.note('image published');
  },
  deleteAvatar: async ({ w, note }: Scene) => note(`image ${(await w.delete(w.user, w.asMember)).outcome}`),
};

async function askForAvatar(
  { w, uploads, note }: Scene,
  upload: ReturnType<World['ticket'] | World['renderTicket']>,
): Promise<void> {
  const { outcome } = await w.ask({ upload, access: w.asMember });
  note(outcome);
  if (outcome === 'issued') uploads.push({ ...upload, ofAttachment: false, leases: [] });
}

async function lease({ w }: Scene, upload: Upload | undefined): Promise<Job | undefined> {
  if (!upload) return undefined;
  const leaseId = randomUUID();
  if ((await w.begin(upload, { leaseId })).outcome !== 'begun') return undefined;
  upload.leases.push(leaseId);
  return { uploadId: upload.uploadId, leaseId };
}

async function noteOutcome(
  { uploads, note }: Scene,
  back: number,
  act: (uploadId: string) => Promise<string>,
): Promise<void> {
  const upload = uploads.at(-back);
  if (upload) note(await act(upload.uploadId));
}

function lastJob(upload: Upload | undefined): Job | undefined {
  const leaseId = upload?.leases.at(-1);
  return upload && leaseId !== undefined ? { uploadId: upload.uploadId, leaseId } : undefined;
}

/** With a new lease, or else the last one. */
async function underLease(scene: Scene, upload: Upload | undefined, act: (job: Job) => Promise<string>): Promise<void> {
  const job = (await lease(scene, upload)) ?? lastJob(upload);
  if (job) scene.note(await act(job));
}

function picked({ uploads }: Scene, ofAttachment: boolean, back: number): Upload | undefined {
  return uploads.filter((upload) => upload.ofAttachment === ofAttachment).at(-back);
}

async function checkAccounts({ w, a, uploads }: Scene): Promise<void> {
  const { bytes, files, openUploads } = await w.held();
  await expect.poll(() => a.usage(), eventually).toEqual({ bytes, files });
  const records = await w.store.getUploads(uploads.map(({ uploadId }) => uploadId));
  const open = records.filter((upload) => upload !== undefined && !isTerminal(upload.status));
  expect(openUploads).toBe(open.length);
  for (const ownerId of ['ada', 'bob', 'admin']) {
    const own = open.filter((upload) => upload?.ownerId === ownerId);
    const sent = own.filter((upload) => upload?.sentAt !== undefined).length;
    const { pendingUploads = 0, sentUploads = 0 } = (await w.owner(ownerId)) ?? {};
    expect({ pendingUploads, sentUploads }).toEqual({ pendingUploads: own.length - sent, sentUploads: sent });
  }
}

async function checkAttachments({ w, a, uploads, deleted }: Scene): Promise<void> {
  const ofAttachments = uploads.filter(({ ofAttachment }) => ofAttachment);
  const statuses = await statusesOf(w, ofAttachments);
  const listed: string[] = [];
  for (const [index, { uploadId }] of ofAttachments.entries()) {
    const file = await a.find(uploadId);
    // It exists from its publication until it is forgotten; a delete is final.
    if (statuses[index] !== 'ready') expect(file).toBeUndefined();
    else if (!deleted.has(uploadId)) expect(file).toMatchObject({ status: 'ready' });
    else expect(file?.status ?? 'deleting').toBe('deleting');
    if (file?.status === 'ready' && !file.draft) listed.push(uploadId);
  }
  for (const filter of [{}, { contextId: 'room' }]) {
    await expect.poll(async () => (await a.list({ limit: 2, ...filter })).sort(), eventually).toEqual(listed.sort());
  }
}

async function statusesOf(w: World, uploads: readonly Upload[]): Promise<UploadStatus[]> {
  const records = await w.store.getUploads(uploads.map(({ uploadId }) => uploadId));
  return records.map((record) => record?.status ?? 'aborted');
}
