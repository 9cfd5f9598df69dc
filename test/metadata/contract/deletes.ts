import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Begin, MINUTE } from './world.ts';

export function describeDeletes(begin: Begin): void {
  it('leaves a tombstone of the next generation, gives the charge back and makes the first purge due', async () => {
    const w = begin();
    const { uploadId } = await w.published({ bytes: 100 });
    const version = (await w.organization())?.version ?? 0;
    expect(await w.delete()).toEqual({ outcome: 'deleted', deletedGeneration: 2 });
    expect(await w.avatar()).toEqual({
      ...w.user,
      organizationId: w.organizationId,
      ownerId: w.userId,
      generation: 2,
      latestUploadId: uploadId,
      claimedGeneration: 1,
      readyGeneration: 0,
      deletedGeneration: 2,
      chargedBytes: 0,
      purge: 'first',
      workAt: w.in(0),
    });
    expect(await w.organization()).toMatchObject({ bytesFree: 1_000, filesFree: 10, version: version + 1 });
  });

  it('gives the charge back once, also when 50 ask at once', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.delete()));
    expect(outcomes.filter(({ outcome }) => outcome === 'deleted')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'absent')).toHaveLength(49);
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('finds nothing where there never was a ticket', async () => {
    const w = begin();
    expect(await w.delete()).toEqual({ outcome: 'absent' });
    await w.store.bindAgent({ agentId: w.agent.entityId, organizationId: w.organizationId });
    expect(await w.delete(w.agent, w.asMember)).toEqual({ outcome: 'absent' });
    expect(await w.avatar()).toBeUndefined();
  });

  it('outruns a ticket that is still open, whose reservation stays until its own end', async () => {
    const w = begin();
    const job = await w.started({ bytes: 100 });
    expect(await w.delete()).toEqual({ outcome: 'deleted', deletedGeneration: 2 });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 1 });
    expect(await w.claim(job)).toBe('superseded');
    await w.supersede(job);
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('is refused to those the avatar does not belong to, deleted or not', async () => {
    const w = begin();
    await w.published();
    const strangers = [
      { organizationId: w.organizationId, ownerId: 'another', mayBind: true },
      { organizationId: randomUUID(), mayBind: true },
    ];
    for (const access of strangers) expect(await w.delete(w.user, access)).toEqual({ outcome: 'not_allowed' });
    expect(await w.avatar()).toMatchObject({ readyGeneration: 1, deletedGeneration: 0 });
    await w.delete(w.user, w.asMember);
    for (const access of strangers) expect(await w.delete(w.user, access)).toEqual({ outcome: 'not_allowed' });
  });

  it('is purged twice, the second time 15 minutes later', async () => {
    const w = begin();
    await w.published();
    await w.delete();
    expect(await w.purge('second', 2)).toBe('stale');
    expect(await w.purge('first', 1)).toBe('stale');
    expect(await w.purge('first', 2)).toBe('advanced');
    expect(await w.purge('first', 2)).toBe('stale');
    expect(await w.avatar()).toMatchObject({ purge: 'second', workAt: w.in(15 * MINUTE) });
    expect(await w.purge('second', 2)).toBe('advanced');
    expect(await w.purge('second', 2)).toBe('stale');
    const avatar = await w.avatar();
    expect(avatar).toMatchObject({ deletedGeneration: 2 });
    expect(avatar).not.toHaveProperty('purge');
    expect(avatar).not.toHaveProperty('workAt');
  });

  it.each(['first', 'second'] as const)('has its %s purge done once, also when 50 say so at once', async (pass) => {
    const w = begin();
    await w.published({ bytes: 100 });
    await w.delete();
    if (pass === 'second') await w.purge('first', 2);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.purge(pass, 2)));
    expect(outcomes.filter((outcome) => outcome === 'advanced')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'stale')).toHaveLength(49);
    expect((await w.avatar())?.purge).toBe(pass === 'first' ? 'second' : undefined);
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('starts its purge over when it follows another delete', async () => {
    const w = begin();
    await w.published();
    await w.delete();
    await w.purge('first', 2);
    await w.published();
    expect(await w.delete()).toEqual({ outcome: 'deleted', deletedGeneration: 4 });
    expect(await w.avatar()).toMatchObject({ purge: 'first', workAt: w.in(0) });
    expect(await w.purge('second', 2)).toBe('stale');
    expect(await w.purge('first', 2)).toBe('stale');
    expect(await w.purge('first', 4)).toBe('advanced');
  });

  it('keeps the newer picture through both purges', async () => {
    const w = begin();
    await w.published();
    await w.delete();
    const { uploadId } = await w.published();
    await w.purge('first', 2);
    await w.purge('second', 2);
    expect(await w.avatar()).toMatchObject({ readyGeneration: 3, image: { readyUploadId: uploadId } });
  });

  it('of the avatar of an agent keeps its binding', async () => {
    const w = begin();
    await w.published({ avatar: w.agent });
    await w.delete(w.agent, w.asMember);
    const elsewhere = { organizationId: randomUUID(), mayBind: true };
    expect(await w.ask({ avatar: w.agent, access: elsewhere })).toEqual({ outcome: 'not_allowed' });
  });
}
