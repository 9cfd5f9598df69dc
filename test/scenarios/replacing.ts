import { describe, expect, it } from 'vitest';
import { clientOf, type Sent } from './client.ts';
import { justBefore } from './intercepted-port.ts';
import { expectAtRest, objectsOf, shownTo, usageOf } from './observed-state.ts';
import { type PlainColour, plainPicture } from './plain-pictures.ts';
import { settle } from './settle.ts';
import { type OpenAdapters, openWorld } from './world.ts';

/** A newer image replaces an older one, whatever the order of events. */
export function describeReplacing(openAdapters: OpenAdapters): void {
  describe('replacing an avatar', () => {
    it('publishes the first image in every size and format, and charges its bytes', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const red = await plainPicture('red');
      const { uploadId, event } = await ada.send(red);
      expect(await world.deliver(event)).toBe('acknowledged');
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'ready', avatar: { hasCustomAvatar: true } });
      expect(await shownTo(world, ada)).toBe('red');
      expect(await usageOf(world)).toEqual({ bytes: red.bytes.length, files: 1, openUploads: 0 });
      await expectAtRest(world, [ada]);
    });

    it('keeps the image of the later ticket when the events come in the wrong order and twice', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const green = await plainPicture('green');
      const older = await ada.send(await plainPicture('red'));
      const newer = await ada.send(green);
      for (const { event } of [newer, older, newer, older]) expect(await world.deliver(event)).toBe('acknowledged');
      expect(await ada.upload(newer.uploadId)).toMatchObject({ status: 'ready' });
      expect(await ada.upload(older.uploadId)).toMatchObject({ status: 'superseded' });
      expect(await shownTo(world, ada)).toBe('green');
      expect(await usageOf(world)).toEqual({ bytes: green.bytes.length, files: 1, openUploads: 0 });
      await expectAtRest(world, [ada]);
    });

    it.each(permutationsOf([0, 1, 2]))(
      'ends with the third of three images when their events come as %i %i %i',
      async (...order) => {
        const world = await openWorld(openAdapters);
        const ada = clientOf(world, { sub: 'ada' });
        const sent: Sent[] = [];
        for (const colour of ['red', 'green', 'blue'] as const) sent.push(await ada.send(await plainPicture(colour)));
        const events = order.flatMap((index) => sent[index]?.event ?? []);
        for (const event of [...events, ...events]) expect(await world.deliver(event)).toBe('acknowledged');
        expect(await shownTo(world, ada)).toBe('blue');
        await expectAtRest(world, [ada]);
      },
    );

    it('lets the later ticket win although its bytes came first', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const [red, green] = await Promise.all([plainPicture('red'), plainPicture('green')]);
      const older = await ada.ticket(red);
      const newer = await ada.send(green);
      await world.deliver(newer.event);
      await world.deliver(await ada.put(older, red));
      expect(await ada.upload(older.uploadId)).toMatchObject({ status: 'superseded' });
      expect(await shownTo(world, ada)).toBe('green');
      await expectAtRest(world, [ada]);
    });

    it.each(['metadata.beginUpload', 'storage.uploadFile', 'metadata.publishAvatar'])(
      'keeps the newer image that is published just before the older one reaches %s',
      async (call) => {
        const world = await openWorld(openAdapters);
        const ada = clientOf(world, { sub: 'ada' });
        const older = await ada.send(await plainPicture('red', 'png'));
        const newer = await ada.send(await plainPicture('green', 'jpeg'));
        const overtake = justBefore(call, () => world.deliver(newer.event));
        await world.intercept(overtake, () => world.deliver(older.event));
        await settle(world);
        expect(await ada.upload(older.uploadId)).toMatchObject({ status: 'superseded' });
        expect(await shownTo(world, ada)).toBe('green');
        await expectAtRest(world, [ada]);
      },
    );

    it.each(['metadata.beginUpload', 'storage.uploadFile', 'metadata.publishAvatar'])(
      'publishes the newer image although the older one is processed just before it reaches %s',
      async (call) => {
        const world = await openWorld(openAdapters);
        const ada = clientOf(world, { sub: 'ada' });
        const older = await ada.send(await plainPicture('red', 'png'));
        const newer = await ada.send(await plainPicture('green', 'jpeg'));
        const interfere = justBefore(call, () => world.deliver(older.event));
        await world.intercept(interfere, () => world.deliver(newer.event));
        expect(await ada.upload(newer.uploadId)).toMatchObject({ status: 'ready' });
        expect(await shownTo(world, ada)).toBe('green');
        await settle(world);
        await expectAtRest(world, [ada]);
      },
    );

    it('leaves exactly one original when a JPEG replaces a PNG, once the grace period is over', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      await world.deliver((await ada.send(await plainPicture('red', 'png'))).event);
      const { uploadId, event } = await ada.send(await plainPicture('green', 'jpeg'));
      await world.deliver(event);
      await settle(world);
      const originals = (await objectsOf(world)).map(({ key }) => key).filter((key) => key.includes('original'));
      expect(originals).toEqual([`avatars/users/ada/${uploadId}/original.jpg`]);
      await expectAtRest(world, [ada]);
    });

    it('leaves no file of a worker that wakes up after another one ended its upload as superseded', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const older = await ada.send(await plainPicture('red', 'png'));
      const newer = await ada.send(await plainPicture('green', 'jpeg'));
      const sleep = justBefore('storage.uploadFile', async () => {
        await world.deliver(newer.event);
        world.advance(world.settings.leaseSeconds * 1000 + 1);
        await world.deliver(older.event);
      });
      await world.intercept(sleep, () => world.deliver(older.event));
      await settle(world);
      expect(await shownTo(world, ada)).toBe('green');
      await expectAtRest(world, [ada]);
    });

    it('keeps images of different people and of agents apart', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const bob = clientOf(world, { sub: 'bob' });
      const agent = clientOf(world, { sub: 'ada', avatar: { entityType: 'agents', entityId: 'ada' } });
      const colours: PlainColour[] = ['red', 'green', 'blue'];
      for (const [index, client] of [ada, bob, agent].entries()) {
        await client.send(await plainPicture(colours[index] ?? 'yellow'));
      }
      await settle(world);
      expect(await Promise.all([ada, bob, agent].map((client) => shownTo(world, client)))).toEqual(colours);
      await expectAtRest(world, [agent, ada, bob]);
    });
  });
}

function permutationsOf(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((first) =>
    permutationsOf(items.filter((item) => item !== first)).map((rest) => [first, ...rest]),
  );
}
