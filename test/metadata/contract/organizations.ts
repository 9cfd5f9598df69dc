import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Begin } from './world.ts';

export function describeOrganizations(begin: Begin): void {
  it('binds an agent once and for all', async () => {
    const w = begin();
    const agentId = w.agent.entityId;
    const elsewhere = randomUUID();
    expect(await w.store.bindAgent({ agentId, organizationId: w.organizationId })).toBe('bound');
    expect(await w.store.bindAgent({ agentId, organizationId: w.organizationId })).toBe('bound');
    expect(await w.store.bindAgent({ agentId, organizationId: elsewhere })).toBe('conflict');
    expect(await w.avatar(w.agent)).toEqual({
      ...w.agent,
      organizationId: w.organizationId,
      generation: 0,
      readyGeneration: 0,
      deletedGeneration: 0,
      chargedBytes: 0,
    });
    expect(await w.issue({ avatar: w.agent })).toMatchObject({ generation: 1 });
  });

  it('binds an agent when 50 organizations request it at once, and no other one', async () => {
    const w = begin();
    const organizations = Array.from({ length: 50 }, () => randomUUID());
    const outcomes = await Promise.all(
      organizations.map((organizationId) => w.store.bindAgent({ agentId: w.agent.entityId, organizationId })),
    );
    expect(outcomes.filter((outcome) => outcome === 'bound')).toHaveLength(1);
    expect((await w.avatar(w.agent))?.organizationId).toBe(organizations[outcomes.indexOf('bound')]);
  });

  it('keeps the image of an agent that is bound again', async () => {
    const w = begin();
    await w.published({ avatar: w.agent });
    const before = await w.avatar(w.agent);
    await w.store.bindAgent({ agentId: w.agent.entityId, organizationId: w.organizationId });
    expect(await w.avatar(w.agent)).toEqual(before);
  });

  it('is paused and resumed, and keeps what it holds', async () => {
    const w = begin();
    await w.issue({ bytes: 10 });
    await w.setState('paused');
    expect(await w.ask()).toMatchObject({ outcome: 'organization_closed' });
    await w.setState('active');
    expect(await w.ask({ bytes: 20 })).toMatchObject({ outcome: 'issued' });
    expect(await w.held()).toEqual({ bytes: 30, files: 2, openUploads: 2 });
  });

  it('is never reopened once it is being erased', async () => {
    const w = begin();
    await w.setState('erasing');
    expect([await w.setState('active'), await w.setState('paused'), await w.setState('erasing')]).toEqual(
      Array(3).fill('closed'),
    );
    await w.setLimits({ bytesLimit: 9, filesLimit: 9 });
    expect(await w.organization()).toMatchObject({ state: 'erasing' });
  });

  it('counts the open uploads of a person on after that person is closed', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    const person = { organizationId: w.organizationId, ownerId: w.userId };
    expect(await Promise.all(Array.from({ length: 50 }, () => w.store.closeOwner(person)))).toEqual(
      Array(50).fill('closed'),
    );
    expect(await w.owner()).toMatchObject({ state: 'erasing', pendingUploads: 1, sentUploads: 0 });
    await w.markSent(uploadId);
    expect(await w.owner()).toMatchObject({ state: 'erasing', pendingUploads: 0, sentUploads: 1 });
    await w.abort(uploadId);
    expect(await w.owner()).toMatchObject({ state: 'erasing', pendingUploads: 0, sentUploads: 0 });
  });

  it('closes a person who never uploaded anything', async () => {
    const w = begin();
    const person = { organizationId: w.organizationId, ownerId: 'newcomer' };
    expect(await w.store.closeOwner(person)).toBe('closed');
    expect(await w.owner('newcomer')).toEqual({ ...person, pendingUploads: 0, sentUploads: 0, state: 'erasing' });
  });

  it('gets a higher version with every write to its record', async () => {
    const w = begin();
    const steps = [
      () => w.published(),
      () => w.ended((job) => w.reject(job)),
      () => w.delete(),
      () => w.setLimits({ bytesLimit: 1, filesLimit: 1 }),
      () => w.setState('paused'),
    ];
    let version = 0;
    for (const step of steps) {
      await step();
      const next = (await w.organization())?.version ?? 0;
      expect(next).toBeGreaterThan(version);
      version = next;
    }
  });
}

export function describeLimits(begin: Begin): void {
  it('move limit and free by one difference, below zero if need be', async () => {
    const w = begin({ bytes: 1_000, files: 10 });
    await w.published({ bytes: 100 });
    const lowered = await w.setLimits({ bytesLimit: 40, filesLimit: 0 });
    expect(lowered).toMatchObject({ bytesLimit: 40, bytesFree: -60, filesLimit: 0, filesFree: -1 });
    expect(await w.organization()).toEqual(lowered);
    expect(await w.ask({ bytes: 1 })).toEqual({ outcome: 'quota_exceeded', bytesFree: -60, filesFree: -1 });
    await w.setLimits({ bytesLimit: 500, filesLimit: 5 });
    const repeated = await w.setLimits({ bytesLimit: 500, filesLimit: 5 });
    expect(repeated).toMatchObject({ bytesFree: 400, filesFree: 4 });
  });

  it('are those of one request when 50 set them at once, and what is held stays held', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    await w.issue({ bytes: 30 });
    const version = (await w.organization())?.version ?? 0;
    const requests = Array.from({ length: 50 }, (_, index) => ({ bytesLimit: 50 * index, filesLimit: index }));
    const outcomes = await Promise.all(requests.map(w.setLimits));
    for (const [index, { bytesLimit, filesLimit }] of requests.entries()) {
      const moved = { bytesLimit, bytesFree: bytesLimit - 130, filesLimit, filesFree: filesLimit - 2 };
      expect(outcomes[index]).toMatchObject(moved);
    }
    const versions = outcomes.map((outcome) => outcome.version).sort((a, b) => a - b);
    expect(versions).toEqual(requests.map((_, index) => version + 1 + index));
    expect(outcomes).toContainEqual(await w.organization());
    expect(await w.held()).toEqual({ bytes: 130, files: 2, openUploads: 1 });
  });

  it('are set while tickets are issued, and the record that is returned existed', async () => {
    const w = begin({ bytes: 10_000, files: 100 });
    await w.issue({ bytes: 10 });
    const tickets = Array.from({ length: 10 }, () => w.issue({ bytes: 10, avatar: w.anotherAgent() }));
    const [limits] = await Promise.all([w.setLimits({ bytesLimit: 5_000, filesLimit: 50 }), ...tickets]);
    const held = { bytes: limits.bytesLimit - limits.bytesFree, files: limits.filesLimit - limits.filesFree };
    // Each write before it was a ticket, and they are counted by the version.
    expect(held).toEqual({ bytes: 10 * (limits.version - 1), files: limits.version - 1 });
    expect(limits.openUploads).toBe(limits.version - 1);
    expect(await w.held()).toEqual({ bytes: 110, files: 11, openUploads: 11 });
  });

  it('create the organization, and a ticket does not set them again', async () => {
    const w = begin({ bytes: 1_000 });
    const created = await w.setLimits({ bytesLimit: 70, filesLimit: 7 });
    expect(created).toMatchObject({ bytesFree: 70, filesFree: 7, openUploads: 0, version: 1, state: 'active' });
    await w.issue({ bytes: 10 });
    expect(await w.organization()).toMatchObject({ bytesLimit: 70, bytesFree: 60, version: 2 });
  });

  it('are the ones it would start with where its state creates the organization', async () => {
    const w = begin({ bytes: 1_000, files: 10 });
    expect(await w.setState('paused')).toBe('set');
    expect(await w.organization()).toMatchObject({ bytesFree: 1_000, filesFree: 10, state: 'paused', version: 1 });
  });
}
