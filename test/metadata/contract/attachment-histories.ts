import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isTerminal, type UploadStatus } from '../../../shared/metadata/records.ts';
import { type AttachmentWorld, attachmentsOf } from './attachment-world.ts';
import { type Begin, DAY, HOUR, type Job, MINUTE, type World } from './world.ts';

/** Indexes may lag, so what is expected is waited for. */
const eventually = { timeout: 10_000, interval: 50 };

export function describeAttachmentHistories(begin: Begin): void {
  it('leaves the quota at what is still there, also when things happen at the same time', async () => {
    const history = fc.array(moment, { minLength: 10, maxLength: 30, size: 'max' });
    const happened = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(history, (moments) => replay(begin, moments, happened)),
      { numRuns: 100 },
    );
    // Otherwise the histories would prove nothing about these.
    expect([...happened.keys()]).toEqual(
      expect.arrayContaining([
        ...['issued', 'quota_exceeded', 'too_many_open', 'published', 'rejected', 'superseded', 'aborted', 'expired'],
        ...['deleted', 'not_allowed', 'draft expired', 'sent', 'forgotten', 'picture published', 'picture deleted'],
      ]),
    );
  }, 300_000);
}

const step = fc.record({
  action: fc.oneof(
    // Often enough for attachments to be published, sent, deleted and forgotten.
    { weight: 10, arbitrary: fc.constantFrom('issue', 'issue', 'work', 'work', 'work') },
    { weight: 6, arbitrary: fc.constantFrom('delete', 'send', 'expireDraft', 'expireDraft', 'forget') },
    { weight: 4, arbitrary: fc.constantFrom('begin', 'publish', 'release') },
    { weight: 4, arbitrary: fc.constantFrom('reject', 'supersede', 'abort', 'expire') },
    { weight: 6, arbitrary: fc.constantFrom('picture', 'workOnPicture', 'workOnPicture', 'render', 'deletePicture') },
  ),
  by: fc.constantFrom('ada', 'bob', 'admin'),
  bytes: fc.integer({ min: 0, max: 60 }),
  draft: fc.boolean(),
  /** Which upload: 1 the last one, 2 the one before. */
  back: fc.constantFrom(1, 1, 1, 2, 3, 4),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What is asked for at the same time, and how long it is until the next moment. */
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
  /** Attachments that somebody was told are deleted. */
  readonly deleted: Set<string>;
  note(outcome: string): void;
}

async function replay(begin: Begin, moments: readonly Moment[], happened: Map<string, number>): Promise<void> {
  const w = begin({ bytes: 200, files: 6, openUploads: 2 });
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
  release: (scene: Scene, { back }: Step) => underLease(scene, scene.uploads.at(-back), scene.w.release),
  abort: async ({ w, uploads, note }: Scene, { back }: Step) => {
    const upload = uploads.at(-back);
    if (upload) note((await w.abort(upload.uploadId)).outcome);
  },
  expire: async ({ w, uploads, note }: Scene, { back }: Step) => {
    const upload = uploads.at(-back);
    if (upload) note(await w.expire(upload.uploadId));
  },

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

  picture: ({ w, ...scene }: Scene, { by, bytes }: Step) => askForPicture({ w, ...scene }, w.ticket({ by, bytes })),
  render: ({ w, ...scene }: Scene, { by }: Step) => askForPicture({ w, ...scene }, w.renderTicket({ by })),
  workOnPicture: async (scene: Scene, { back }: Step) => {
    const job = await lease(scene, picked(scene, false, back));
    if (!job || (await scene.w.claim(job)) !== 'claimed') return;
    if ((await scene.w.publish(job)) === 'published') scene.note('picture published');
  },
  deletePicture: async ({ w, note }: Scene) => note(`picture ${(await w.delete(w.user, w.asMember)).outcome}`),
};

async function askForPicture(
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
  const open = (await statusesOf(w, uploads)).filter((status) => !isTerminal(status));
  expect(openUploads).toBe(open.length);
  const people = await Promise.all(['ada', 'bob', 'admin'].map(w.owner));
  expect(people.reduce((sum, person) => sum + (person?.openUploads ?? 0), 0)).toBe(open.length);
}

async function checkAttachments({ w, a, uploads, deleted }: Scene): Promise<void> {
  const ofAttachments = uploads.filter(({ ofAttachment }) => ofAttachment);
  const statuses = await statusesOf(w, ofAttachments);
  const listed: string[] = [];
  for (const [index, { uploadId }] of ofAttachments.entries()) {
    const file = await a.find(uploadId);
    // There from its publication on, until it is forgotten; deleted for ever.
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
  const records = await Promise.all(uploads.map(({ uploadId }) => w.store.getUpload({ uploadId })));
  return records.map((record) => record?.status ?? 'aborted');
}
