import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { IssueUploadOutcome } from '../../../shared/metadata/transitions/issue-upload.ts';
import { type AttachmentWorld, attachmentsOf } from './attachment-world.ts';
import { type Begin, DAY, HOUR, MINUTE, type World } from './world.ts';

const PLAN = { multipartId: 'storage-name', partSize: 50, partCount: 2 };

export function describeAttachmentTickets(begin: Begin): void {
  it('reserves its bytes, one file and one open upload of its caller in the organization of the caller', async () => {
    const w = begin({ bytes: 1_000, files: 10 });
    const upload = await attachmentsOf(w).issue({ bytes: 300 });
    expect(upload.organizationId).toBe(w.organizationId);
    expect(await w.organization()).toMatchObject({ bytesFree: 700, filesFree: 9, openUploads: 1, version: 1 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 1, sentUploads: 0, state: 'active' });
    expect(await w.avatar()).toBeUndefined();
  });

  it.each<[string, (a: AttachmentWorld) => ReturnType<AttachmentWorld['ticket']>]>([
    ['with no more than it needs', (a) => a.ticket()],
    [
      'with everything that can be described',
      (a) =>
        a.ticket({
          checksumSha256: 'c2hh',
          contextId: 'room #7',
          draft: true,
          visibility: 'private',
          metadata: { caption: 'Résumé 履歴書', empty: '' },
          keepMetadata: true,
        }),
    ],
    ['that is multipart', (a) => a.ticket({ method: 'multipart', multipart: PLAN, bytes: 100 })],
  ])(
    '%s is stored as it was requested, pending and due when the time for its bytes is over',
    async (_how, ticketIn) => {
      const w = begin();
      const a = attachmentsOf(w);
      const upload = ticketIn(a);
      const { organizationId } = w;
      const expected = {
        ...upload,
        organizationId,
        status: 'pending',
        attempts: 0,
        leases: 0,
        workAt: upload.acceptUntil,
      };
      expect(await a.ask({ upload })).toEqual({ outcome: 'issued', upload: expected });
      expect(await w.upload(upload.uploadId)).toEqual(expected);
    },
  );

  it.each([
    ['files', { files: 6, bytes: 100_000 }],
    ['bytes', { files: 100, bytes: 605 }],
  ])('keeps to a quota of six when 50 are requested at once, counted in %s', async (_unit, quota) => {
    const w = begin({ ...quota, pendingUploads: 100 });
    const a = attachmentsOf(w);
    await a.issue({ bytes: 100 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => a.ask({ bytes: 100 })));
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(5);
    expect(outcomes.filter(({ outcome }) => outcome === 'quota_exceeded')).toHaveLength(45);
    expect(await w.held()).toEqual({ bytes: 600, files: 6, openUploads: 6 });
  });

  it('shares the quota with avatars', async () => {
    const w = begin({ bytes: 100, files: 2 });
    const a = attachmentsOf(w);
    await w.issue({ bytes: 60 });
    expect(await a.ask({ bytes: 41 })).toEqual({ outcome: 'quota_exceeded', bytesFree: 40, filesFree: 1 });
    await a.issue({ bytes: 40 });
    expect(await w.ask({ bytes: 1 })).toEqual({ outcome: 'quota_exceeded', bytesFree: 0, filesFree: 0 });
  });

  it('may take the last byte and the last file, but not one more', async () => {
    const w = begin({ bytes: 100, files: 2 });
    const a = attachmentsOf(w);
    expect(await a.ask({ bytes: 101 })).toEqual({ outcome: 'quota_exceeded', bytesFree: 100, filesFree: 2 });
    await a.issue({ bytes: 100 });
    expect(await a.ask({ bytes: 1 })).toEqual({ outcome: 'quota_exceeded', bytesFree: 0, filesFree: 1 });
    await a.issue({ bytes: 0 });
    expect(await a.ask({ bytes: 0 })).toEqual({ outcome: 'quota_exceeded', bytesFree: 0, filesFree: 0 });
  });

  it('is refused to a caller with too many pending uploads, also when 50 are requested at once', async () => {
    const w = begin({ files: 100, bytes: 10_000, pendingUploads: 3 });
    const a = attachmentsOf(w);
    await a.issue();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => a.ask()));
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(2);
    expect(await a.ask()).toEqual({ outcome: 'too_many_open', cap: 'pending' });
    expect(await a.ask({ pendingUploads: 4, sentUploads: 0 })).toMatchObject({ outcome: 'too_many_open' });
    expect(await a.ask({ by: 'someone-else' })).toMatchObject({ outcome: 'issued' });
  });

  it.each(['paused', 'erasing'] as const)('is refused while the organization is %s', async (state) => {
    const w = begin();
    await w.setState(state);
    expect(await attachmentsOf(w).ask()).toEqual({ outcome: 'organization_closed', state });
  });

  it('is refused to a person who is being erased, and to no other', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    await w.store.closeOwner({ organizationId: w.organizationId, ownerId: 'leaver' });
    expect(await a.ask({ by: 'leaver' })).toEqual({ outcome: 'organization_closed', state: 'erasing' });
    expect(await a.ask({ by: 'stayer' })).toMatchObject({ outcome: 'issued' });
  });

  it('is checked for a replay, then for the organization, quota and open uploads', async () => {
    const w = begin({ bytes: 10 });
    const a = attachmentsOf(w);
    const { uploadId } = await a.issue({ bytes: 10, request: w.request() });
    const hopeless = { bytes: 11, pendingUploads: 1 };
    expect(await a.ask({ bytes: 0, pendingUploads: 1 })).toMatchObject({ outcome: 'too_many_open' });
    expect(await a.ask(hopeless)).toMatchObject({ outcome: 'quota_exceeded' });
    await w.setState('paused');
    expect(await a.ask(hopeless)).toMatchObject({ outcome: 'organization_closed' });
    expect(await a.ask({ ...hopeless, request: w.request() })).toMatchObject({ outcome: 'replayed', uploadId });
  });

  it.each<[string, (w: World) => Promise<IssueUploadOutcome>]>([
    ['quota_exceeded', (w) => attachmentsOf(w).ask({ bytes: 1_001, request: w.request() })],
    ['too_many_open', (w) => attachmentsOf(w).ask({ pendingUploads: 0, request: w.request() })],
  ])('refused as %s writes nothing at all', async (outcome, ask) => {
    const w = begin({ bytes: 1_000 });
    const a = attachmentsOf(w);
    expect(await ask(w)).toMatchObject({ outcome });
    expect(await w.everything()).toEqual([undefined, undefined, undefined]);
    expect(await a.ask({ request: w.request({ requestDigest: 'another' }) })).toMatchObject({ outcome: 'issued' });
  });

  it('requested three times under one upload id reserves once', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const upload = a.ticket({ bytes: 10 });
    const outcomes = await Promise.all([a.ask({ upload }), a.ask({ upload }), a.ask({ upload })]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['issued', 'issued', 'issued']);
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
  });

  it('with one key is issued once, also when it is requested 50 times at once', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => a.ask({ request: w.request() })));
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'replayed')).toHaveLength(49);
    expect(await a.ask({ request: w.request({ requestDigest: 'b' }) })).toEqual({ outcome: 'request_differs' });
    expect(await w.held()).toMatchObject({ files: 1, openUploads: 1 });
  });

  it('gets the deadlines of each renewal, for a day', async () => {
    const w = begin();
    const upload = await attachmentsOf(w).issue();
    const { uploadId } = upload;
    w.pass(HOUR);
    const deadlines = { urlExpiresAt: w.in(5 * MINUTE), acceptUntil: w.in(DAY) };
    const renew = () => w.store.renewTicket({ uploadId, ...deadlines, now: w.now() });
    const expected = { ...upload, ...deadlines, workAt: deadlines.acceptUntil };
    expect(await Promise.all([renew(), renew()])).toEqual(Array(2).fill({ outcome: 'renewed', upload: expected }));
    expect(await w.upload(uploadId)).toEqual(expected);
    expect(await w.held()).toMatchObject({ files: 1, openUploads: 1 });
    w.pass(DAY - HOUR);
    expect(await renew()).toEqual({ outcome: 'finished', status: 'pending' });
  });

  it('that is multipart keeps its deadlines when it is renewed, because its parts are signed on demand', async () => {
    const w = begin();
    const upload = await attachmentsOf(w).issue({ method: 'multipart', multipart: PLAN });
    w.pass(HOUR);
    expect(await w.renew(upload.uploadId)).toEqual({ outcome: 'renewed', upload });
    expect(await w.upload(upload.uploadId)).toEqual(upload);
    w.pass(DAY - HOUR);
    expect(await w.renew(upload.uploadId)).toEqual({ outcome: 'finished', status: 'pending' });
  });

  it('is not renewed once processing began, nor when it is unknown', async () => {
    const w = begin();
    const job = await attachmentsOf(w).started();
    expect(await w.renew(job.uploadId)).toEqual({ outcome: 'finished', status: 'processing' });
    expect(await w.renew(randomUUID())).toEqual({ outcome: 'unknown' });
  });
}
