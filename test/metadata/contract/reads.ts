import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { attachmentsOf } from './attachment-world.ts';
import { type Begin, eventually, SECOND, type World } from './world.ts';

export function describeReads(begin: Begin): void {
  it('return undefined for what does not exist', async () => {
    const w = begin();
    expect(await w.everything()).toEqual([undefined, undefined, undefined]);
    expect(await w.upload(randomUUID())).toBeUndefined();
    expect(await attachmentsOf(w).find(randomUUID())).toBeUndefined();
  });

  it('return up to 100 avatars in the order of the request', async () => {
    const w = begin({ files: 100, pendingUploads: 100 });
    const agents = Array.from({ length: 100 }, () => w.anotherAgent());
    const bound = agents.filter((_, index) => index % 3 === 0);
    await Promise.all(bound.map((avatar) => w.issue({ avatar, bytes: 1 })));
    const found = await w.store.getAvatars(agents);
    expect(found.map((avatar) => avatar?.entityId)).toEqual(
      agents.map(({ entityId }, index) => (index % 3 === 0 ? entityId : undefined)),
    );
    expect(await w.store.getAvatars([])).toEqual([]);
  });

  it('return up to 100 uploads in the order of the request', async () => {
    const w = begin({ files: 100, pendingUploads: 100 });
    const issued = await Promise.all(Array.from({ length: 10 }, () => w.issue({ bytes: 1, avatar: w.anotherAgent() })));
    const ids = Array.from({ length: 100 }, (_, index) => issued[index / 10]?.uploadId ?? randomUUID());
    const found = await w.store.getUploads(ids);
    expect(found).toEqual(ids.map((id) => issued.find(({ uploadId }) => uploadId === id)));
    expect(await w.store.getUploads([])).toEqual([]);
  });

  it('tell users from agents of the same name', async () => {
    const w = begin();
    await w.issue();
    const namesake = { entityType: 'agents', entityId: w.userId } as const;
    expect(await w.store.getAvatars([namesake, w.user])).toMatchObject([undefined, { entityType: 'users' }]);
  });

  it('report a store that can be reached as ready', async () => {
    await expect(begin().store.checkReady()).resolves.toBeUndefined();
  });
}

export function describeSwitches(begin: Begin): void {
  it('are as they were set last', async () => {
    const { store } = begin();
    await store.setSwitches({ uploadsPaused: true, reason: 'storage is being moved' });
    expect(await store.getSwitches()).toEqual({ uploadsPaused: true, reason: 'storage is being moved' });
    await store.setSwitches({ uploadsPaused: true, reason: 'something else' });
    expect(await store.getSwitches()).toEqual({ uploadsPaused: true, reason: 'something else' });
    await store.setSwitches({ uploadsPaused: false });
    expect(await store.getSwitches()).toEqual({ uploadsPaused: false });
  });

  it('are those of one request when several set them at once, never a mixture', async () => {
    const { store } = begin();
    for (let round = 0; round < 20; round += 1) {
      await store.setSwitches({ uploadsPaused: true, reason: 'before' });
      const requests = [{ uploadsPaused: true, reason: 'after' }, { uploadsPaused: false }, { uploadsPaused: true }];
      await Promise.all(requests.map((request) => store.setSwitches(request)));
      expect(requests).toContainEqual(await store.getSwitches());
    }
    await store.setSwitches({ uploadsPaused: false });
  });
}

export function describeOpenUploads(begin: Begin): void {
  const listed = ({ store, organizationId, userId }: World, ownerId = userId) =>
    store.openUploads({ organizationId, ownerId });

  it('are those of one person that are pending or processing, the oldest first', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const pending = await w.issue();
    w.pass(SECOND);
    const attachment = await a.issue();
    w.pass(SECOND);
    const processing = await w.started();
    w.pass(SECOND);
    await w.ended((job) => w.reject(job));
    await a.published();
    await w.abort((await w.issue()).uploadId);
    await w.issue({ by: 'someone-else' });
    const open = [pending, attachment, await w.upload(processing.uploadId)];
    await expect.poll(() => listed(w), eventually).toEqual(open);
    await expect.poll(() => listed(w, 'someone-else'), eventually).toHaveLength(1);
  });

  it('include renders, and uploads that wait for their next attempt', async () => {
    const w = begin();
    await w.published();
    const render = await w.issue({ upload: w.renderTicket() });
    w.pass(SECOND);
    const job = await w.started();
    await w.defer(job);
    await expect.poll(() => listed(w), eventually).toEqual([render, await w.upload(job.uploadId)]);
  });

  it('are none for a person without any, and none of another organization', async () => {
    const [here, there] = [begin(), begin()];
    await here.issue({ by: 'ada' });
    await expect.poll(() => listed(here, 'ada'), eventually).toHaveLength(1);
    expect(await listed(there, 'ada')).toEqual([]);
    expect(await listed(here, 'bob')).toEqual([]);
  });
}
