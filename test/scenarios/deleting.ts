import { describe, expect, it } from 'vitest';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { RETENTION } from '../../shared/metadata/retention.ts';
import { thumbnailKey } from '../../shared/storage/object-keys.ts';
import { type Client, clientOf } from './client.ts';
import { failing, type Interceptor, justBefore } from './intercepted-port.ts';
import { expectAtRest, objectsOf, shownTo, usageOf } from './observed-state.ts';
import { plainPicture } from './plain-pictures.ts';
import { drain, nextDue, settle } from './settle.ts';
import { deliverToDyingWorker } from './worker-death.ts';
import { type Message, type OpenAdapters, openWorld, type World } from './world.ts';

const MINUTE = 60_000;
const NOTHING = { bytes: 0, files: 0, openUploads: 0 };

/** A delete wins over everything that was asked for before it, and over nothing that came after. */
export function describeDeleting(openAdapters: OpenAdapters): void {
  describe('deleting an avatar', () => {
    it('shows nothing from that moment on, and removes every object', async () => {
      const { world, ada } = await withImage(openAdapters);
      expect(await ada.delete()).toMatchObject({ status: 204 });
      expect(await shownTo(world, ada)).toBeUndefined();
      expect(await usageOf(world)).toEqual(NOTHING);
      await drain(world);
      expect(await objectsOf(world)).toEqual([]);
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('responds with 204 again, and for an avatar that never existed', async () => {
      const { world, ada } = await withImage(openAdapters);
      await ada.delete();
      expect(await ada.delete()).toMatchObject({ status: 204 });
      expect(await clientOf(world, { sub: 'bob' }).delete()).toMatchObject({ status: 204 });
      expect(await usageOf(world)).toEqual(NOTHING);
    });

    it.each(['metadata.beginUpload', 'storage.uploadFile', 'metadata.publishAvatar'])(
      'wins over an image that is about to reach %s',
      async (call) => {
        const world = await openWorld(openAdapters);
        const ada = clientOf(world, { sub: 'ada' });
        const { uploadId, event } = await ada.send(await plainPicture('red'));
        await world.intercept(justBefore(call, ada.delete), () => world.deliver(event));
        expect(await shownTo(world, ada)).toBeUndefined();
        await drain(world);
        expect(await ada.upload(uploadId)).toMatchObject({ status: 'superseded' });
        await settle(world);
        await expectAtRest(world, [ada]);
      },
    );

    it('ends the pending tickets of the caller, whose bytes are discarded when they come', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const red = await plainPicture('red');
      const ticket = await ada.ticket(red);
      await ada.delete();
      expect(await ada.upload(ticket.uploadId)).toMatchObject({ status: 'superseded' });
      expect(await usageOf(world)).toEqual(NOTHING);
      await world.deliver(await ada.put(ticket, red));
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('wins over a ticket of another caller whose bytes come later', async () => {
      const { world, ada } = await withImage(openAdapters);
      const admin = clientOf(world, { sub: 'eve', roles: ['admin'], avatar: ada.avatar });
      const green = await plainPicture('green');
      const ticket = await admin.ticket(green);
      await ada.delete();
      expect(await admin.upload(ticket.uploadId)).toMatchObject({ status: 'pending' });
      await world.deliver(await admin.put(ticket, green));
      expect(await admin.upload(ticket.uploadId)).toMatchObject({ status: 'superseded' });
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('leaves nothing of a worker that wakes up after the first purge without its lease', async () => {
      const { world, ada } = await withImage(openAdapters);
      const { event } = await ada.send(await plainPicture('green'));
      const sleep = justBefore('storage.uploadFile', async () => {
        await ada.delete();
        world.advance(world.settings.leaseSeconds * 1000 + 1);
        await drain(world);
      });
      await world.intercept(sleep, () => world.deliver(event));
      expect(await shownTo(world, ada)).toBeUndefined();
      expect(await objectsOf(world)).toEqual([]);
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('removes in its second pass, 15 minutes later, what a worker wrote after the first one and before it died', async () => {
      const { world, ada } = await withImage(openAdapters);
      const { uploadId, event } = await ada.send(await plainPicture('green'));
      const sleep = justBefore('scanner.scan', async () => {
        await ada.delete();
        await world.deliver(purgeOf(world));
        world.advance(world.settings.leaseSeconds * 1000 + 1);
        await ada.request('DELETE', `/uploads/${uploadId}`);
        await world.sweep();
      });
      await deliverToDyingWorker(world, event, (call) => call === 'metadata.publishAvatar', sleep);
      world.lose(event);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'aborted' });
      expect(await objectsOf(world)).toHaveLength(7);
      world.advance(RETENTION.secondPassDelay);
      expect(await world.sweep()).toMatchObject({ purged: 1 });
      expect(await objectsOf(world)).toEqual([]);
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('does not run the second pass early, whatever messages come', async () => {
      const { world, ada } = await withImage(openAdapters);
      await ada.delete();
      const purge = purgeOf(world);
      await world.deliver(purge);
      await world.deliver(purge);
      expect(await world.metadata.getAvatar(ada.avatar)).toMatchObject({ retired: [{ pass: 'second' }] });
      world.advance(RETENTION.secondPassDelay);
      await world.deliver(purge);
      expect((await world.metadata.getAvatar(ada.avatar))?.retired).toBeUndefined();
    });

    it('does not touch the image of a new ticket', async () => {
      const { world, ada } = await withImage(openAdapters);
      await ada.delete();
      const { uploadId, event } = await ada.send(await plainPicture('green'));
      await world.deliver(event);
      await settle(world);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'ready' });
      expect(await shownTo(world, ada)).toBe('green');
      await expectAtRest(world, [ada]);
    });

    it.each([
      ['first', 'metadata.getAvatar'],
      ['first', 'storage.deleteFile'],
      ['first', 'metadata.finishRemovals'],
      ['second', 'storage.deleteFile'],
      ['second', 'storage.listFiles'],
      ['second', 'metadata.getUpload'],
      ['second', 'metadata.finishRemovals'],
    ] as const)('keeps what is published while its %s pass is at %s', async (pass, call) => {
      const { world, ada } = await withImage(openAdapters);
      await ada.delete();
      const purge = purgeOf(world);
      const { event } = await ada.send(await plainPicture('green'));
      if (pass === 'second') {
        await world.deliver(purge);
        world.advance(RETENTION.secondPassDelay);
        await leaveStrayFile(world, ada);
      }
      const publish = justBefore(call, () => world.deliver(event));
      await world.intercept(publish, () => world.deliver(purge));
      expect(await shownTo(world, ada)).toBe('green');
      await settle(world);
      expect(await shownTo(world, ada)).toBe('green');
      await expectAtRest(world, [ada]);
    });

    it('lets no upload that was issued before it write anything', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { event } = await ada.send(await plainPicture('red'));
      await ada.delete();
      const noWrite = failing('storage.uploadFile', new Error('written after the delete'));
      expect(await world.intercept(noWrite, () => world.deliver(event))).toBe('acknowledged');
    });

    it('succeeds although its purge message cannot be sent', async () => {
      const { world, ada } = await withImage(openAdapters);
      const silent = failing('queues.sendPurge', new DependencyUnavailableError('no queue'));
      expect(await world.intercept(silent, ada.delete)).toMatchObject({ status: 204 });
      expect(await shownTo(world, ada)).toBeUndefined();
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('is purged by the sweep when its message is lost', async () => {
      const { world, ada } = await withImage(openAdapters);
      await ada.delete();
      for (const message of [...world.messages]) world.lose(message);
      expect(await world.sweep()).toMatchObject({ purged: 1 });
      expect(await objectsOf(world)).toEqual([]);
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('stays due while the CDN accepts no invalidation, and is tried again later and later', async () => {
      const { world, ada } = await withImage(openAdapters);
      await ada.delete();
      const busy: Interceptor = async (call, proceed) => (call === 'edgeCache.invalidate' ? 'busy' : proceed());
      await world.intercept(busy, () => drain(world));
      expect(await world.metadata.getAvatar(ada.avatar)).toMatchObject({ retired: [{ pass: 'first' }] });
      const started = world.now();
      expect(await world.intercept(busy, () => world.sweep())).toMatchObject({ failed: 1, purged: 0 });
      expect(await nextDue(world)).toEqual(new Date(started.getTime() + MINUTE));
      world.advance(3 * MINUTE);
      await world.intercept(busy, () => world.sweep());
      expect(await nextDue(world)).toEqual(new Date(world.now().getTime() + 3 * MINUTE));
      await settle(world);
      await expectAtRest(world, [ada]);
    });
  });
}

/** A file that no record names, as a worker may write it after the avatar was deleted. */
async function leaveStrayFile({ storage }: World, { avatar }: Client): Promise<void> {
  const key = thumbnailKey(avatar, 'id-0', 'small', 'webp');
  await storage.uploadFile({ key, body: Buffer.from('stray'), contentType: 'image/webp' });
}

function purgeOf({ messages }: World): Message {
  const purge = messages.find(({ queue }) => queue === 'maintenance');
  if (!purge) throw new Error('no purge message was sent');
  return purge;
}

async function withImage(openAdapters: OpenAdapters): Promise<{ world: World; ada: Client }> {
  const world = await openWorld(openAdapters);
  const ada = clientOf(world, { sub: 'ada' });
  await world.deliver((await ada.send(await plainPicture('red'))).event);
  return { world, ada };
}
