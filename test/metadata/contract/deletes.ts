import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Begin, DAY } from './world.ts';

export function describeDeletes(begin: Begin): void {
  const nothingHeld = { bytes: 0, files: 0, openUploads: 0 };

  it('leaves a tombstone of the next generation, releases the charge and makes the files due', async () => {
    const w = begin();
    const { uploadId } = await w.published({ bytes: 100 });
    const version = (await w.organization())?.version ?? 0;
    expect(await w.delete()).toEqual({ outcome: 'deleted', deletedGeneration: 2, isPurgeDue: true });
    expect(await w.avatar()).toEqual({
      ...w.user,
      organizationId: w.organizationId,
      generation: 2,
      latestUploadId: uploadId,
      readyGeneration: 0,
      deletedGeneration: 2,
      chargedBytes: 0,
      retired: [{ folder: uploadId, original: 'png', removeAt: w.in(0), pass: 'first' }],
      workAt: w.in(0),
    });
    expect(await w.organization()).toMatchObject({ bytesFree: 1_000, filesFree: 10, version: version + 1 });
  });

  it('releases the charge once, also when it is requested 50 times at once', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.delete()));
    expect(outcomes.filter(({ outcome }) => outcome === 'deleted')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'absent')).toHaveLength(49);
    expect(await w.held()).toEqual(nothingHeld);
  });

  it('finds nothing where there never was a ticket', async () => {
    const w = begin();
    expect(await w.delete()).toEqual({ outcome: 'absent' });
    await w.store.bindAgent({ agentId: w.agent.entityId, organizationId: w.organizationId });
    expect(await w.delete(w.agent, w.asMember)).toEqual({ outcome: 'absent' });
    expect(await w.avatar()).toBeUndefined();
  });

  it('of an avatar without files has nothing to remove', async () => {
    const w = begin();
    await w.issue();
    expect(await w.delete()).toEqual({ outcome: 'deleted', deletedGeneration: 2, isPurgeDue: false });
    const avatar = await w.avatar();
    expect(avatar).toMatchObject({ deletedGeneration: 2, expiresAt: w.in(35 * DAY) });
    expect(avatar).not.toHaveProperty('retired');
    expect(avatar).not.toHaveProperty('workAt');
    expect(await w.delete()).toEqual({ outcome: 'absent' });
  });

  it('supersedes a ticket that is still open, whose reservation stays until its own end', async () => {
    const w = begin();
    const job = await w.started({ bytes: 100 });
    expect(await w.delete()).toMatchObject({ outcome: 'deleted', deletedGeneration: 2 });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 1 });
    expect(await w.publish(job)).toBe('superseded');
    await w.supersede(job);
    expect(await w.held()).toEqual(nothingHeld);
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

  it('of the avatar of an agent keeps its binding', async () => {
    const w = begin();
    await w.published({ avatar: w.agent });
    await w.delete(w.agent, w.asMember);
    const elsewhere = { organizationId: randomUUID(), mayBind: true };
    expect(await w.ask({ avatar: w.agent, access: elsewhere })).toEqual({ outcome: 'not_allowed' });
  });

  it('succeeds while the organization is paused, and while it is being erased', async () => {
    const w = begin();
    await w.published();
    await w.published({ avatar: w.agent });
    await w.setState('paused');
    expect(await w.delete()).toMatchObject({ outcome: 'deleted' });
    await w.setState('erasing');
    expect(await w.delete(w.agent, w.asMember)).toMatchObject({ outcome: 'deleted' });
    expect(await w.held()).toEqual(nothingHeld);
  });
}
