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
      claimedGeneration: 0,
      readyGeneration: 0,
      deletedGeneration: 0,
      chargedBytes: 0,
    });
    expect(await w.issue({ avatar: w.agent })).toMatchObject({ generation: 1 });
  });

  it('binds an agent to one of 50 that want it at once', async () => {
    const w = begin();
    const wanting = Array.from({ length: 50 }, () => randomUUID());
    const outcomes = await Promise.all(
      wanting.map((organizationId) => w.store.bindAgent({ agentId: w.agent.entityId, organizationId })),
    );
    expect(outcomes.filter((outcome) => outcome === 'bound')).toHaveLength(1);
    expect((await w.avatar(w.agent))?.organizationId).toBe(wanting[outcomes.indexOf('bound')]);
  });

  it('keeps the picture of an agent that is bound again', async () => {
    const w = begin();
    await w.published({ avatar: w.agent });
    const before = await w.avatar(w.agent);
    await w.store.bindAgent({ agentId: w.agent.entityId, organizationId: w.organizationId });
    expect(await w.avatar(w.agent)).toEqual(before);
  });

  it('moves limit and free by one difference, below zero if need be', async () => {
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

  it('keeps what it holds when 50 set its limits at once, and has those of one of them', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    await w.issue({ bytes: 30 });
    const version = (await w.organization())?.version ?? 0;
    const wishes = Array.from({ length: 50 }, (_, index) => ({ bytesLimit: 50 * index, filesLimit: index }));
    const answers = await Promise.all(wishes.map(w.setLimits));
    for (const [index, { bytesLimit, filesLimit }] of wishes.entries()) {
      const moved = { bytesLimit, bytesFree: bytesLimit - 130, filesLimit, filesFree: filesLimit - 2 };
      expect(answers[index]).toMatchObject(moved);
    }
    const versions = answers.map((answer) => answer.version).sort((a, b) => a - b);
    expect(versions).toEqual(wishes.map((_, index) => version + 1 + index));
    expect(answers).toContainEqual(await w.organization());
    expect(await w.held()).toEqual({ bytes: 130, files: 2, openUploads: 1 });
  });

  it('is created by its limits, and a ticket does not set them again', async () => {
    const w = begin({ bytes: 1_000 });
    const created = await w.setLimits({ bytesLimit: 70, filesLimit: 7 });
    expect(created).toMatchObject({ bytesFree: 70, filesFree: 7, openUploads: 0, version: 1, state: 'active' });
    await w.issue({ bytes: 10 });
    expect(await w.organization()).toMatchObject({ bytesLimit: 70, bytesFree: 60, version: 2 });
  });

  it('is created by its state with the limits it would start with', async () => {
    const w = begin({ bytes: 1_000, files: 10 });
    expect(await w.setState('paused')).toBe('set');
    expect(await w.organization()).toMatchObject({ bytesFree: 1_000, filesFree: 10, state: 'paused', version: 1 });
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

  it('never comes back from erasing', async () => {
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
    await w.store.closeOwner(person);
    await w.store.closeOwner(person);
    expect(await w.owner()).toMatchObject({ state: 'erasing', openUploads: 1 });
    await w.abort(uploadId);
    expect(await w.owner()).toMatchObject({ state: 'erasing', openUploads: 0 });
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
