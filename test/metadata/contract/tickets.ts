import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { IssueUploadOutcome } from '../../../shared/metadata/upload-store.ts';
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
      openUploads: 1,
      state: 'active',
    });
  });

  it('is kept as it was asked for, pending and due when its time is over', async () => {
    const w = begin();
    const upload = w.ticket({ crop: { x: 0.25, y: 0, size: 0.5 }, checksumSha256: 'c2hh' });
    await w.ask({ upload });
    expect(await w.store.getUpload(upload)).toEqual({
      ...upload,
      organizationId: w.organizationId,
      generation: 1,
      status: 'pending',
      attempts: 0,
      workAt: upload.acceptUntil,
    });
  });

  it('binds the avatar of a user to the user and its organization', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    expect(await w.avatar()).toEqual({
      ...w.user,
      organizationId: w.organizationId,
      ownerId: w.userId,
      generation: 1,
      latestUploadId: uploadId,
      claimedGeneration: 0,
      readyGeneration: 0,
      deletedGeneration: 0,
      chargedBytes: 0,
    });
  });

  it('binds the avatar of an agent to the organization and to no person', async () => {
    const w = begin();
    await w.issue({ avatar: w.agent });
    expect(await w.avatar(w.agent)).toMatchObject({ organizationId: w.organizationId, generation: 1 });
    expect(await w.avatar(w.agent)).not.toHaveProperty('ownerId');
  });

  it('gets a generation of its own, in order, also when 50 are asked for at once', async () => {
    const w = begin({ files: 100, bytes: 10_000, openUploads: 100 });
    const uploads = await Promise.all(Array.from({ length: 50 }, () => w.issue()));
    const generations = uploads.map(({ generation }) => generation).sort((a, b) => a - b);
    expect(generations).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(await w.avatar()).toMatchObject({ generation: 50 });
  });

  it.each([
    ['files', { files: 6, bytes: 100_000 }],
    ['bytes', { files: 100, bytes: 605 }],
  ])('holds a quota of six against 50 at once, counted in %s', async (_unit, quota) => {
    const w = begin({ ...quota, openUploads: 100 });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => w.ask({ avatar: w.anotherAgent(), bytes: 100 })),
    );
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(6);
    expect(outcomes.filter(({ outcome }) => outcome === 'quota_exceeded')).toHaveLength(44);
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

  it('is refused to a caller with too many open uploads, also when 50 are asked for at once', async () => {
    const w = begin({ files: 100, bytes: 10_000, openUploads: 3 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.ask()));
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(3);
    expect(await w.ask()).toEqual({ outcome: 'too_many_open', openUploads: 3 });
    expect(await w.ask({ by: 'someone-else', access: w.asMember })).toMatchObject({ outcome: 'issued' });
    expect(await w.owner()).toMatchObject({ openUploads: 3 });
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

  it('is charged to the organization the avatar is bound to, whatever the token of its user says', async () => {
    const w = begin();
    await w.issue({ bytes: 10 });
    const elsewhere = randomUUID();
    const upload = await w.issue({ bytes: 20, access: { ...w.asUser, organizationId: elsewhere } });
    expect(upload.organizationId).toBe(w.organizationId);
    expect(await w.held()).toEqual({ bytes: 30, files: 2, openUploads: 2 });
    expect(await w.owner()).toMatchObject({ openUploads: 2 });
    expect(await w.store.getOrganization({ organizationId: elsewhere })).toBeUndefined();
    expect(await w.store.getOwner({ organizationId: elsewhere, ownerId: w.userId })).toBeUndefined();
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
    ['too_many_open', (w) => w.ask({ openUploads: 0, request: w.request() })],
    ['not_allowed', (w) => w.ask({ access: { ...w.asUser, mayBind: false }, request: w.request() })],
    ['nothing_to_render', (w) => w.ask({ upload: w.renderTicket(), request: w.request() })],
  ])('refused as %s writes nothing at all', async (outcome, ask) => {
    const w = begin({ bytes: 1_000 });
    expect(await ask(w)).toMatchObject({ outcome });
    expect(await w.everything()).toEqual([undefined, undefined, undefined]);
    expect(await w.ask({ request: w.request({ requestDigest: 'another body' }) })).toMatchObject({ outcome: 'issued' });
  });

  it('refused for what stands already changes nothing of it', async () => {
    const w = begin({ bytes: 100, files: 2 });
    await w.issue({ bytes: 60 });
    const before = await w.everything();
    const refused = w.ticket({ bytes: 41 });
    expect(await w.ask({ upload: refused })).toMatchObject({ outcome: 'quota_exceeded' });
    expect(await w.ask({ access: { ...w.asUser, ownerId: 'another' } })).toMatchObject({ outcome: 'not_allowed' });
    expect(await w.everything()).toEqual(before);
    expect(await w.store.getUpload(refused)).toBeUndefined();
  });

  it('asked for twice under one upload id reserves once', async () => {
    const w = begin();
    const upload = w.ticket({ bytes: 10 });
    const outcomes = await Promise.all([w.ask({ upload }), w.ask({ upload }), w.ask({ upload })]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['issued', 'issued', 'issued']);
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
    expect(await w.avatar()).toMatchObject({ generation: 1 });
  });
}
