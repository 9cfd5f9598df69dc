import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { attachmentsOf } from './attachment-world.ts';
import { type Begin, DAY, eventually, type World } from './world.ts';

export function describeUsage(begin: Begin): void {
  it('counts attachments, drafts, published avatars and open reservations: what the quota holds', async () => {
    const w = begin({ bytes: 1e6, files: 100 });
    const a = attachmentsOf(w);
    const steps: [number, () => Promise<unknown>][] = [
      [1, () => a.published({ bytes: 1, file: { size: 700 } })],
      [20, () => a.published({ bytes: 20, draft: true })],
      [300, () => a.issue({ bytes: 300 })],
      [4_000, () => a.started({ bytes: 4_000, method: 'multipart' })],
      [50_000, () => w.published({ bytes: 50_000 })],
      [600_000, () => w.started({ bytes: 600_000, avatar: w.agent })],
    ];
    let [bytes, files] = [0, 0];
    expect(await a.usage()).toEqual({ bytes, files });
    for (const [more, step] of steps) {
      await step();
      bytes += more;
      files += 1;
      await expect.poll(() => a.usage(), eventually).toEqual({ bytes, files });
    }
    expect(await w.held()).toMatchObject({ bytes, files });
  });

  it('counts nothing of what has ended, of renders, and of other organizations', async () => {
    const w = begin({ files: 100 });
    const a = attachmentsOf(w);
    await attachmentsOf(begin()).published();
    await w.published({ bytes: 100 });
    await w.issue({ upload: w.renderTicket() });
    await w.published({ avatar: w.agent });
    await w.delete(w.agent, w.asMember);
    await w.store.bindAgent({ agentId: randomUUID(), organizationId: w.organizationId });
    await w.reject(await a.started());
    await w.supersede(await a.started());
    await w.abort((await a.issue()).uploadId);
    await a.delete((await a.published()).fileId);
    const draft = await a.published({ draft: true });
    w.pass(DAY);
    await a.expireDraft(draft.fileId);
    const forgotten = await a.published();
    await a.delete(forgotten.fileId);
    await a.forget(forgotten.fileId);
    await expect.poll(() => a.usage(), eventually).toEqual({ bytes: 100, files: 1 });
    expect(await w.held()).toMatchObject({ bytes: 100, files: 1 });
  });

  it('counts all of many records', async () => {
    const w = begin({ bytes: 1e6, files: 300, pendingUploads: 300 });
    const a = attachmentsOf(w);
    for (let count = 0; count < 120; count += 1) await a.issue({ bytes: 7, metadata: { text: 'x'.repeat(10_000) } });
    await expect.poll(() => a.usage(), eventually).toEqual({ bytes: 840, files: 120 });
  });

  it('becomes what the quota holds, and the outcome is how much that has freed', async () => {
    const w = begin({ bytes: 1_000, files: 10 });
    await w.issue({ bytes: 100 });
    const before = await w.organization();
    const repair = { bytes: 30, files: 0 };
    expect(await set(w, repair)).toEqual({ outcome: 'repaired', freed: { bytes: 70, files: 1 } });
    expect(await w.organization()).toEqual({ ...before, bytesFree: 970, filesFree: 10, version: 2 });
    const worse = { bytes: 1_200, files: 11 };
    expect(await set(w, worse)).toEqual({ outcome: 'repaired', freed: { bytes: -1_170, files: -11 } });
    expect(await w.organization()).toMatchObject({ bytesFree: -200, filesFree: -1, version: 3 });
  });

  it('that equals what the quota holds changes nothing', async () => {
    const w = begin();
    await w.issue({ bytes: 100 });
    const before = await w.organization();
    expect(await set(w, { bytes: 100, files: 1 })).toEqual({ outcome: 'unchanged' });
    expect(await set(w, { bytes: 100, files: 2 })).toMatchObject({ outcome: 'repaired' });
    expect(await set(w, { bytes: 101, files: 2 })).toMatchObject({ outcome: 'repaired' });
    expect(await w.organization()).toMatchObject({ ...before, bytesFree: 899, filesFree: 8, version: 3 });
  });

  it.each<[string, (w: World) => Promise<unknown>]>([
    ['a ticket', (w) => attachmentsOf(w).issue()],
    ['a publication', (w) => attachmentsOf(w).published()],
    ['an end', async (w) => w.abort((await w.issue()).uploadId)],
    ['new limits', (w) => w.setLimits({ bytesLimit: 1, filesLimit: 1 })],
    ['a pause', (w) => w.setState('paused')],
  ])('that was counted before %s is stale, and so is what was right then', async (_what, act) => {
    const w = begin();
    await w.issue({ bytes: 100 });
    const seenVersion = (await w.organization())?.version ?? 0;
    await act(w);
    const before = await w.organization();
    expect(await set(w, { bytes: 1, files: 1 }, seenVersion)).toEqual({ outcome: 'stale' });
    expect(await set(w, { bytes: 100, files: 1 }, seenVersion)).toEqual({ outcome: 'stale' });
    expect(await w.organization()).toEqual(before);
  });

  it('of an organization that does not exist is stale', async () => {
    const w = begin();
    expect(await set(w, { bytes: 0, files: 0 }, 0)).toEqual({ outcome: 'stale' });
    expect(await w.organization()).toBeUndefined();
  });

  it('is set once of 50 times with the same version', async () => {
    const w = begin();
    await w.issue({ bytes: 100 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, index) => set(w, { bytes: index, files: 0 }, 1)));
    expect(outcomes.filter(({ outcome }) => outcome === 'repaired')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'stale')).toHaveLength(49);
    const bytes = outcomes.findIndex(({ outcome }) => outcome === 'repaired');
    expect(await w.held()).toMatchObject({ bytes, files: 0 });
  });
}

async function set(w: World, held: { readonly bytes: number; readonly files: number }, seenVersion?: number) {
  const { organizationId } = w;
  const version = seenVersion ?? (await w.organization())?.version ?? 0;
  return w.store.setUsage({ organizationId, seenVersion: version, ...held });
}
