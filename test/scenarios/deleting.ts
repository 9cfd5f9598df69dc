import { describe, expect, it } from 'vitest';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { RETENTION } from '../../shared/metadata/metadata-store.ts';
import { type Client, clientOf } from './client.ts';
import { failing, justBefore } from './intercepted-port.ts';
import { expectAtRest, objectsOf, shownTo, usageOf } from './observed-state.ts';
import { plainPicture } from './plain-pictures.ts';
import { drain, settle } from './settle.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

const NOTHING = { bytes: 0, files: 0, openUploads: 0 };

/** A delete wins over everything that was asked for before it, and over nothing that came after. */
export function describeDeleting(openAdapters: OpenAdapters): void {
  describe('deleting an avatar', () => {
    it('shows nothing from that moment on, and removes every object', async () => {
      const { world, ada } = await withPicture(openAdapters);
      expect(await ada.delete()).toMatchObject({ status: 204 });
      expect(await shownTo(world, ada)).toBeUndefined();
      expect(await usageOf(world)).toEqual(NOTHING);
      await drain(world);
      expect(await objectsOf(world)).toEqual([]);
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('answers 204 again, and for an avatar that never was', async () => {
      const { world, ada } = await withPicture(openAdapters);
      await ada.delete();
      expect(await ada.delete()).toMatchObject({ status: 204 });
      expect(await clientOf(world, { sub: 'bob' }).delete()).toMatchObject({ status: 204 });
      expect(await usageOf(world)).toEqual(NOTHING);
    });

    it.each(['metadata.beginUpload', 'metadata.claimAvatar', 'storage.uploadFile', 'metadata.publishAvatar'])(
      'wins over a picture that is about to reach %s',
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

    it('wins over a ticket whose bytes come later', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const red = await plainPicture('red');
      const ticket = await ada.ticket(red);
      await ada.delete();
      await world.deliver(await ada.put(ticket, red));
      expect(await ada.upload(ticket.uploadId)).toMatchObject({ status: 'superseded' });
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('removes in its second pass, 15 minutes later, what a worker without a lease wrote after the first', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { event } = await ada.send(await plainPicture('red'));
      const sleep = justBefore('storage.uploadFile', async () => {
        await ada.delete();
        world.advance(world.settings.leaseSeconds * 1000 + 1);
        await drain(world);
      });
      await world.intercept(sleep, () => world.deliver(event));
      expect(await shownTo(world, ada)).toBeUndefined();
      world.advance(RETENTION.secondPurgeDelay + 1);
      expect(await world.sweep()).toMatchObject({ purged: 1 });
      await expectAtRest(world, [ada]);
    });

    it('does not run the second pass early, whatever messages come', async () => {
      const { world, ada } = await withPicture(openAdapters);
      await ada.delete();
      const [purge] = world.messages;
      if (!purge) throw new Error('no purge message was sent');
      await world.deliver(purge);
      await world.deliver(purge);
      expect(await world.metadata.getAvatar(ada.avatar)).toMatchObject({ purge: 'second' });
      world.advance(RETENTION.secondPurgeDelay);
      await world.deliver(purge);
      expect((await world.metadata.getAvatar(ada.avatar))?.purge).toBeUndefined();
    });

    it('does not touch the picture of a new ticket', async () => {
      const { world, ada } = await withPicture(openAdapters);
      await ada.delete();
      const { uploadId, event } = await ada.send(await plainPicture('green'));
      await world.deliver(event);
      await settle(world);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'ready' });
      expect(await shownTo(world, ada)).toBe('green');
      await expectAtRest(world, [ada]);
    });

    it.each(['storage.listFiles', 'storage.deleteFile', 'metadata.advancePurge'])(
      'keeps what is published while the purge is at %s',
      async (call) => {
        const { world, ada } = await withPicture(openAdapters);
        await ada.delete();
        const [purge] = world.messages;
        if (!purge) throw new Error('no purge message was sent');
        const { event } = await ada.send(await plainPicture('green'));
        await world.intercept(
          justBefore(call, () => world.deliver(event)),
          () => world.deliver(purge),
        );
        expect(await shownTo(world, ada)).toBe('green');
        await settle(world);
        expect(await shownTo(world, ada)).toBe('green');
        await expectAtRest(world, [ada]);
      },
    );

    it('lets nothing be written of a picture that it came before', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { event } = await ada.send(await plainPicture('red'));
      await ada.delete();
      const noWrite = failing('storage.uploadFile', new Error('written after the delete'));
      expect(await world.intercept(noWrite, () => world.deliver(event))).toBe('acknowledged');
    });

    it('succeeds although its purge cannot be asked for', async () => {
      const { world, ada } = await withPicture(openAdapters);
      const silent = failing('queues.sendPurge', new DependencyUnavailableError('no queue'));
      expect(await world.intercept(silent, ada.delete)).toMatchObject({ status: 204 });
      expect(await shownTo(world, ada)).toBeUndefined();
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('is purged by the sweep when its message is lost', async () => {
      const { world, ada } = await withPicture(openAdapters);
      await ada.delete();
      for (const message of [...world.messages]) world.lose(message);
      expect(await world.sweep()).toMatchObject({ purged: 1 });
      expect(await objectsOf(world)).toEqual([]);
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('stays due while the CDN takes no invalidation', async () => {
      const { world, ada } = await withPicture(openAdapters);
      await ada.delete();
      await world.intercept(
        async (call, proceed) => (call === 'edgeCache.invalidate' ? 'busy' : proceed()),
        () => drain(world),
      );
      expect(await world.metadata.getAvatar(ada.avatar)).toMatchObject({ purge: 'first' });
      await settle(world);
      await expectAtRest(world, [ada]);
    });
  });
}

async function withPicture(openAdapters: OpenAdapters): Promise<{ world: World; ada: Client }> {
  const world = await openWorld(openAdapters);
  const ada = clientOf(world, { sub: 'ada' });
  await world.deliver((await ada.send(await plainPicture('red'))).event);
  return { world, ada };
}
