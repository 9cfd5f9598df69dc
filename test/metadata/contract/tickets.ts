import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { IssueUploadOutcome } from '../../../shared/metadata/transitions/issue-upload.ts';
import type { Begin, World } from './world.ts';

export function describeTickets(begin: Begin): void {
  it('reserves its bytes, one file and one open upload', async () => {
    const w = begin({ bytes: 1_000, files: 10 });
    await w.issue({ bytes: 300 });
    expect(await w.organization()).toEqual({
      organizationId: w.organizationId,
      bytesLimit: 1_000,
      bytesFree: 700,
      filesLimit: 10,
      filesFree: 9,
      openUploads: 1,
      version: 1,
      state: 'active',
    });
    expect(await w.owner()).toEqual({
      organizationId: w.organizationId,
      ownerId: w.userId,
      pendingUploads: 1,
      sentUploads: 0,
      state: 'active',
    });
  });

  it('is stored as it was requested, pending and due when the time for its bytes is over', async () => {
    const w = begin();
    const upload = w.ticket({ crop: { x: 0.25, y: 0, size: 0.5 }, checksumSha256: 'c2hh' });
    const { organizationId } = w;
    const expected = {
      ...upload,
      organizationId,
      generation: 1,
      status: 'pending',
      attempts: 0,
      leases: 0,
      workAt: upload.acceptUntil,
    };
    expect(await w.ask({ upload })).toEqual({ outcome: 'issued', upload: expected });
    expect(await w.upload(upload.uploadId)).toEqual(expected);
  });

  it('binds the avatar to the organization', async () => {
    const w = begin();
    const ofUser = await w.issue();
    const ofAgent = await w.issue({ avatar: w.agent });
    const bound = {
      organizationId: w.organizationId,
      generation: 1,
      readyGeneration: 0,
      deletedGeneration: 0,
      chargedBytes: 0,
    };
    expect(await w.avatar()).toEqual({ ...w.user, ...bound, latestUploadId: ofUser.uploadId });
    expect(await w.avatar(w.agent)).toEqual({ ...w.agent, ...bound, latestUploadId: ofAgent.uploadId });
  });

  it('gets a generation of its own, in order, also when 50 are requested at once', async () => {
    const w = begin({ files: 100, bytes: 10_000, pendingUploads: 100 });
    const uploads = await Promise.all(Array.from({ length: 50 }, () => w.issue()));
    const generations = uploads.map(({ generation }) => generation).sort((a, b) => a - b);
    expect(generations).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    const newest = uploads.find(({ generation }) => generation === 50);
    expect(await w.avatar()).toMatchObject({ generation: 50, latestUploadId: newest?.uploadId });
  });

  it.each([
    ['files', { files: 6, bytes: 100_000 }],
    ['bytes', { files: 100, bytes: 605 }],
  ])('keeps to a quota of six when 50 are requested at once, counted in %s', async (_unit, quota) => {
    const w = begin({ ...quota, pendingUploads: 100 });
    await w.issue({ bytes: 100 });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => w.ask({ avatar: w.anotherAgent(), bytes: 100 })),
    );
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(5);
    expect(outcomes.filter(({ outcome }) => outcome === 'quota_exceeded')).toHaveLength(45);
    expect(await w.held()).toEqual({ bytes: 600, files: 6, openUploads: 6 });
  });

  it('may take the last byte, but not one more', async () => {
    const w = begin({ bytes: 100 });
    expect(await w.ask({ bytes: 101 })).toEqual({ outcome: 'quota_exceeded', bytesFree: 100, filesFree: 10 });
    expect(await w.ask({ bytes: 100 })).toMatchObject({ outcome: 'issued' });
    expect(await w.ask({ bytes: 1 })).toEqual({ outcome: 'quota_exceeded', bytesFree: 0, filesFree: 9 });
  });

  it('may take the last file, but not one more', async () => {
    const w = begin({ files: 1 });
    await w.issue();
    expect(await w.ask()).toMatchObject({ outcome: 'quota_exceeded', filesFree: 0 });
  });

  it('is refused to everyone but the user whose avatar it is', async () => {
    const w = begin();
    await w.issue();
    const access = { organizationId: w.organizationId, ownerId: 'another-user', mayBind: true };
    expect(await w.ask({ access })).toEqual({ outcome: 'not_allowed' });
  });

  it('is refused for the avatar of another organization', async () => {
    const w = begin();
    await w.issue({ avatar: w.agent });
    const access = { organizationId: randomUUID(), mayBind: true };
    expect(await w.ask({ avatar: w.agent, access })).toEqual({ outcome: 'not_allowed' });
  });

  it('binds an avatar only for those who may', async () => {
    const w = begin();
    const access = { ...w.asMember, mayBind: false };
    expect(await w.ask({ access })).toEqual({ outcome: 'not_allowed' });
    await w.issue();
    expect(await w.ask({ access })).toMatchObject({ outcome: 'issued' });
  });

  it.each(['paused', 'erasing'] as const)('is refused while the organization is %s', async (state) => {
    const w = begin();
    await w.setState(state);
    expect(await w.ask()).toEqual({ outcome: 'organization_closed', state });
  });

  it('is refused to a person who is being erased', async () => {
    const w = begin();
    await w.store.closeOwner({ organizationId: w.organizationId, ownerId: 'leaver' });
    const refused = await w.ask({ by: 'leaver', access: w.asMember, avatar: w.agent });
    expect(refused).toEqual({ outcome: 'organization_closed', state: 'erasing' });
    expect(await w.ask({ by: 'stayer', avatar: w.agent })).toMatchObject({ outcome: 'issued' });
  });

  it('is refused to an admin for a user who is being erased', async () => {
    const w = begin();
    await w.issue();
    await w.store.closeOwner({ organizationId: w.organizationId, ownerId: w.userId });
    const refused = await w.ask({ by: 'admin', access: w.asMember });
    expect(refused).toEqual({ outcome: 'organization_closed', state: 'erasing' });
  });

  it('does not confuse an agent with the erased user of the same name', async () => {
    const w = begin();
    await w.store.closeOwner({ organizationId: w.organizationId, ownerId: w.userId });
    const namesake = { entityType: 'agents', entityId: w.userId } as const;
    expect(await w.ask({ by: 'admin', avatar: namesake })).toMatchObject({ outcome: 'issued' });
  });

  it.each<[string, (w: World) => Promise<IssueUploadOutcome>]>([
    ['quota_exceeded', (w) => w.ask({ bytes: 1_001, request: w.request() })],
    ['too_many_open', (w) => w.ask({ pendingUploads: 0, request: w.request() })],
    ['not_allowed', (w) => w.ask({ access: { ...w.asUser, mayBind: false }, request: w.request() })],
    ['nothing_to_render', (w) => w.ask({ upload: w.renderTicket(), request: w.request() })],
  ])('refused as %s writes nothing at all', async (outcome, ask) => {
    const w = begin({ bytes: 1_000 });
    expect(await ask(w)).toMatchObject({ outcome });
    expect(await w.everything()).toEqual([undefined, undefined, undefined]);
    expect(await w.ask({ request: w.request({ requestDigest: 'another body' }) })).toMatchObject({ outcome: 'issued' });
  });

  it('that is refused changes no record that exists', async () => {
    const w = begin({ bytes: 100, files: 2 });
    await w.issue({ bytes: 60 });
    const before = await w.everything();
    const refused = w.ticket({ bytes: 41 });
    expect(await w.ask({ upload: refused })).toMatchObject({ outcome: 'quota_exceeded' });
    expect(await w.ask({ access: { ...w.asUser, ownerId: 'another' } })).toMatchObject({ outcome: 'not_allowed' });
    expect(await w.everything()).toEqual(before);
    expect(await w.upload(refused.uploadId)).toBeUndefined();
  });

  it('requested three times under one upload id reserves once', async () => {
    const w = begin();
    const upload = w.ticket({ bytes: 10 });
    const outcomes = await Promise.all([w.ask({ upload }), w.ask({ upload }), w.ask({ upload })]);
    expect(outcomes).toEqual(Array(3).fill({ outcome: 'issued', upload: await w.upload(upload.uploadId) }));
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
    expect(await w.avatar()).toMatchObject({ generation: 1 });
  });
}
