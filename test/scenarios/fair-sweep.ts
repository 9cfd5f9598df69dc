import { describe, expect, it } from 'vitest';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { instantAfter } from '../../shared/metadata/records.ts';
import { temporaryKey } from '../../shared/storage/object-keys.ts';
import { attach, keysOf, VIRUS } from './attached-files.ts';
import { type Client, clientOf } from './client.ts';
import { failing } from './intercepted-port.ts';
import { expectAtRest, shownTo, usageOf } from './observed-state.ts';
import { passTime } from './passing-time.ts';
import { plainPicture } from './plain-pictures.ts';
import { drain, nextDue, settle } from './settle.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

const NOTHING = { bytes: 0, files: 0, openUploads: 0 };
const HOUR = 60;
const REFUSED = new DependencyUnavailableError('slow down');

/** Avatars that are prepared at the same time. */
const AT_ONCE = 20;

/** What fails keeps nothing else waiting, and is repeated until it succeeds. `deleted`: avatars that wait for a purge. */
export function describeFairSweep(openAdapters: OpenAdapters, { deleted }: { readonly deleted: number }): void {
  describe('the sweep', () => {
    it(`expires a ticket on time while ${deleted} purges fail, and purges all when the CDN responds again`, async () => {
      const world = await openWorld(openAdapters);
      await deleteMany(world, deleted);
      const ada = clientOf(world, { sub: 'ada' });
      const { uploadId } = await ada.ticket(await plainPicture('red'));
      await world.intercept(failing('edgeCache.invalidate', REFUSED), () => passTime(world, HOUR + 10));
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'expired' });
      expect(await usageOf(world)).toEqual(NOTHING);
      // The longest pause of work that fails, and the second pass.
      await passTime(world, HOUR + 20);
      expect(await nextDue(world)).toBeUndefined();
    });

    it('expires tickets in every shard although no shard can be handed on', async () => {
      const world = await openWorld(openAdapters);
      const people = Array.from({ length: 12 }, (_, index) => clientOf(world, { sub: `user-${index}` }));
      const picture = await plainPicture('red');
      const ids: string[] = [];
      for (const person of people) ids.push((await person.ticket(picture)).uploadId);
      world.advance(66 * 60_000);
      await world.intercept(failing('queues.sendSweep', REFUSED), () => world.sweep());
      const uploads = await world.metadata.getUploads(ids);
      expect(uploads.map((upload) => upload?.status)).toEqual(ids.map(() => 'expired'));
    });

    it('expires a ticket although the clean-ups of more uploads than it works on at once fail', async () => {
      const world = await openWorld(openAdapters);
      const [ada, bob] = [clientOf(world, { sub: 'ada' }), clientOf(world, { sub: 'bob' })];
      const picture = await plainPicture('red');
      for (let count = 0; count < 50; count += 1) {
        const { uploadId } = await ada.ticket(picture);
        expect(await ada.request('DELETE', `/uploads/${uploadId}`)).toMatchObject({ status: 204 });
      }
      const { uploadId } = await bob.ticket(picture);
      world.advance(66 * 60_000);
      await world.intercept(failing('storage.deleteFile', REFUSED), () => sweepEveryShard(world));
      expect(await bob.upload(uploadId)).toMatchObject({ status: 'expired' });
    });

    it('removes an infected file once storage takes deletes again, after an hour', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { id } = await attach(ada, VIRUS);
      await world.intercept(failing('storage.deleteFile', REFUSED), () => passTime(world, HOUR));
      expect(await ada.upload(id)).toMatchObject({ status: 'rejected', code: 'infected' });
      expect(await keysOf(world)).toHaveLength(2);
      await passTime(world, HOUR + 1);
      expect(await keysOf(world)).toEqual([]);
      await expectAtRest(world, []);
    });

    it('removes a replaced original although storage took no deletes when its grace period was over', async () => {
      const { world, ada } = await withReplacement(openAdapters);
      await world.intercept(failing('storage.deleteFile', REFUSED), () => passTime(world, 25 * HOUR));
      await passTime(world, HOUR + 1);
      expect(await originalsIn(world)).toHaveLength(1);
      expect(await shownTo(world, ada)).toBe('blue');
      await settle(world);
      await expectAtRest(world, [ada]);
    });
  });
}

/** With the shards that the run hands on. */
async function sweepEveryShard(world: World): Promise<void> {
  await world.sweep();
  for (const message of [...world.messages]) await world.deliver(message);
}

/** Ada's red JPEG was replaced by a blue PNG; whatever that left behind could not be deleted at once. */
async function withReplacement(openAdapters: OpenAdapters): Promise<{ readonly world: World; readonly ada: Client }> {
  const world = await openWorld(openAdapters);
  const ada = clientOf(world, { sub: 'ada' });
  await ada.send(await plainPicture('red', 'jpeg'));
  await drain(world);
  await ada.send(await plainPicture('blue', 'png'));
  await world.intercept(failing('storage.deleteFile', REFUSED), () => drain(world));
  return { world, ada };
}

async function originalsIn(world: World): Promise<string[]> {
  return (await keysOf(world)).filter((key) => key.includes('original'));
}

/** Avatars of agents, each published and deleted. Rendering and writing so many would take minutes. */
async function deleteMany(world: World, count: number): Promise<void> {
  const waiting = Array.from({ length: count }, (_, index) => index);
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) await deleteOne(world, index);
  });
  await Promise.all(workers);
}

/** Each belongs to an organization of its own: the counters of one would keep the others waiting. */
async function deleteOne({ metadata, now: clock }: World, index: number): Promise<void> {
  const now = clock();
  const avatar = { entityType: 'agents', entityId: `bot-${index}` } as const;
  const access = { organizationId: `organization-${index}`, mayBind: true };
  const [uploadId, leaseId, later] = [`bot-${index}`, 'lease', instantAfter(now, 1000)];
  await metadata.issueUpload({
    upload: {
      kind: 'avatar',
      uploadId,
      ownerId: 'root',
      avatar,
      key: temporaryKey(uploadId),
      method: 'PUT',
      contentType: 'image/png',
      contentLength: 1,
      createdAt: now.toISOString(),
      urlExpiresAt: later,
      acceptUntil: later,
    },
    access,
    limits: { organizationBytes: 1, organizationFiles: 1, pendingUploads: 1, sentUploads: 1 },
    now,
  });
  await metadata.beginUpload({ uploadId, leaseId, leaseUntil: later, now });
  const image = { folder: uploadId, sizes: { small: { webp: 1 } }, thumbHash: '' };
  await metadata.publishAvatar({ uploadId, leaseId, image, now });
  await metadata.finishCleanUp({ uploadId, pass: 'first', now });
  await metadata.markAvatarDeleted({ avatar, access, now });
}
