import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Begin, World } from './world.ts';

export function describeCharging(begin: Begin): void {
  it('goes to the organization the avatar is bound to, whatever the token of its user says', async () => {
    const w = begin();
    await w.issue({ bytes: 10 });
    const elsewhere = randomUUID();
    const upload = await w.issue({ bytes: 20, access: { ...w.asUser, organizationId: elsewhere } });
    expect(upload.organizationId).toBe(w.organizationId);
    expect(await w.held()).toEqual({ bytes: 30, files: 2, openUploads: 2 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 2 });
    expect(await w.store.getOrganization({ organizationId: elsewhere })).toBeUndefined();
    expect(await w.store.getOwner({ organizationId: elsewhere, ownerId: w.userId })).toBeUndefined();
  });

  it('goes to one organization when two tickets bind the avatar at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const [here, there] = [begin(), begin()];
      // Both organizations exist, and the user has tokens of both.
      await Promise.all([
        here.issue({ by: 'ada', avatar: here.agent }),
        there.issue({ by: 'ada', avatar: there.agent }),
      ]);
      const ask = ({ organizationId }: World) =>
        here.issue({ by: here.userId, bytes: 100, access: { ...here.asUser, organizationId } });
      const uploads = await Promise.all([ask(here), ask(there), ask(there), ask(here)]);
      const organizationId = (await here.avatar())?.organizationId;
      expect(new Set(uploads.map((upload) => upload.organizationId))).toEqual(new Set([organizationId]));
      const [payer, other] = organizationId === here.organizationId ? [here, there] : [there, here];
      expect(await payer.held()).toEqual({ bytes: 410, files: 5, openUploads: 5 });
      expect(await other.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
      expect(await payer.owner(here.userId)).toMatchObject({ pendingUploads: 4 });
      expect(await other.owner(here.userId)).toBeUndefined();
    }
  });
}
