import { describe, expect, it } from 'vitest';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { pngPicture } from '../fixtures/pictures.ts';
import { type Client, clientOf, type Reply } from './client.ts';
import { failing, justBefore } from './intercepted-port.ts';
import { expectAtRest, objectsOf, shownTo, usageOf } from './observed-state.ts';
import { plainPicture } from './plain-pictures.ts';
import { drain, settle } from './settle.ts';
import { deliverToDyingWorker } from './worker-death.ts';
import { type Message, type OpenAdapters, openWorld, type World } from './world.ts';

/** Quarters of the scene: each shows one colour alone. */
const GREEN_CORNER = { x: 0.75, y: 0, size: 0.25 };
const BLUE_CORNER = { x: 0, y: 0.75, size: 0.25 };

/** Other crops of the published image. */
export function describeRendering(openAdapters: OpenAdapters): void {
  describe('cropping the published image', () => {
    it('renders the stored original again and charges nothing', async () => {
      const { world, ada } = await withScene(openAdapters);
      const used = await usageOf(world);
      const uploadId = uploadIdOf(await ada.crop(GREEN_CORNER));
      await drain(world);
      expect(await ada.upload(uploadId)).toMatchObject({ kind: 'render', status: 'ready' });
      expect(await shownTo(world, ada)).toBe('green');
      expect(await usageOf(world)).toEqual(used);
      await expectAtRest(world, [ada]);
    });

    it('starts each time from the original, not from the crop before', async () => {
      const { world, ada } = await withScene(openAdapters);
      await ada.crop(GREEN_CORNER);
      await drain(world);
      await ada.crop(BLUE_CORNER);
      await drain(world);
      expect(await shownTo(world, ada)).toBe('blue');
      await expectAtRest(world, [ada]);
    });

    it('has an original of its own: the next crop needs no file of the version before', async () => {
      const { world, ada } = await withScene(openAdapters);
      const uploadId = uploadIdOf(await ada.crop(GREEN_CORNER));
      await settle(world);
      const keys = (await objectsOf(world)).map(({ key }) => key);
      expect(keys).toContain(`avatars/users/ada/${uploadId}/original.png`);
      expect(keys.every((key) => key.includes(uploadId))).toBe(true);
      await ada.crop(BLUE_CORNER);
      await settle(world);
      expect(await shownTo(world, ada)).toBe('blue');
      await expectAtRest(world, [ada]);
    });

    it('crops an upload as its ticket says', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      await ada.send(await scene(), { crop: BLUE_CORNER });
      await drain(world);
      expect(await shownTo(world, ada)).toBe('blue');
    });

    it('is refused while a newer ticket is open, and names it', async () => {
      const { world, ada } = await withScene(openAdapters);
      const { uploadId } = await ada.ticket(await plainPicture('red'));
      expect(await ada.crop(GREEN_CORNER)).toMatchObject({
        status: 409,
        body: { code: 'upload_in_progress', uploadId },
      });
      await settle(world);
      expect(await ada.crop(GREEN_CORNER)).toMatchObject({ status: 202 });
    });

    it('is refused without an image, and outside of it', async () => {
      const { world, ada } = await withScene(openAdapters);
      expect(await clientOf(world, { sub: 'bob' }).crop(GREEN_CORNER)).toMatchObject({ status: 404 });
      expect(await ada.crop({ x: 0.9, y: 0, size: 0.5 })).toMatchObject({ status: 422 });
      expect(await usageOf(world)).toMatchObject({ openUploads: 0 });
    });

    it('is superseded by a newer ticket whose image came first', async () => {
      const { world, ada } = await withScene(openAdapters);
      const uploadId = uploadIdOf(await ada.crop(GREEN_CORNER));
      const [render] = world.messages;
      const { event } = await ada.send(await plainPicture('red'));
      await world.deliver(event);
      expect(render && (await world.deliver(render))).toBe('acknowledged');
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'superseded' });
      expect(await shownTo(world, ada)).toBe('red');
      await expectAtRest(world, [ada]);
    });

    it('is accepted although its message cannot be sent: the sweep finds it', async () => {
      const { world, ada } = await withScene(openAdapters);
      const silent = failing('queues.sendUpload', new DependencyUnavailableError('no queue'));
      const uploadId = uploadIdOf(await world.intercept(silent, () => ada.crop(GREEN_CORNER)));
      await settle(world);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'ready' });
      await expectAtRest(world, [ada]);
    });

    it('is found by the sweep when its message is lost', async () => {
      const { world, ada } = await withScene(openAdapters);
      const uploadId = uploadIdOf(await ada.crop(GREEN_CORNER));
      for (const message of [...world.messages]) world.lose(message);
      world.advance(60_000);
      expect(await world.sweep()).toMatchObject({ redriven: 1, expired: 0 });
      await drain(world);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'ready' });
      expect(await shownTo(world, ada)).toBe('green');
    });

    it.each(['metadata.beginUpload', 'storage.copyFile', 'storage.downloadFile', 'metadata.publishAvatar'])(
      'ends superseded when the avatar is deleted just before it reaches %s',
      async (call) => {
        const { world, ada } = await withScene(openAdapters);
        const uploadId = uploadIdOf(await ada.crop(GREEN_CORNER));
        await world.intercept(justBefore(call, ada.delete), () => drain(world));
        expect(await ada.upload(uploadId)).toMatchObject({ status: 'superseded' });
        await settle(world);
        await expectAtRest(world, [ada]);
      },
    );

    it.each(['storage.copyFile', 'storage.downloadFile', 'metadata.publishAvatar'])(
      'ends superseded when its original is deleted and purged just before it reaches %s',
      async (call) => {
        const { world, ada } = await withScene(openAdapters);
        const uploadId = uploadIdOf(await ada.crop(GREEN_CORNER));
        const render = messageOf(world);
        const purge = async () => {
          await ada.delete();
          const message = world.messages.find(({ queue }) => queue === 'maintenance');
          if (message) await world.deliver(message);
        };
        await world.intercept(justBefore(call, purge), () => world.deliver(render));
        expect(await ada.upload(uploadId)).toMatchObject({ status: 'superseded' });
        await settle(world);
        await expectAtRest(world, [ada]);
      },
    );

    it.each(['storage.copyFile', 'storage.downloadFile', 'storage.uploadFile', 'metadata.publishAvatar'])(
      'ends superseded when an image of another type replaces its source just before it reaches %s',
      async (call) => {
        const { world, ada } = await withScene(openAdapters);
        const uploadId = uploadIdOf(await ada.crop(GREEN_CORNER));
        const render = messageOf(world);
        const { event } = await ada.send(await plainPicture('red', 'jpeg'));
        await world.intercept(
          justBefore(call, () => world.deliver(event)),
          () => world.deliver(render),
        );
        expect(await ada.upload(uploadId)).toMatchObject({ status: 'superseded' });
        expect(await shownTo(world, ada)).toBe('red');
        await settle(world);
        await expectAtRest(world, [ada]);
      },
    );

    it('ends superseded when an older ticket replaces its source between two attempts', async () => {
      const { world, ada } = await withScene(openAdapters);
      const { event } = await ada.send(await plainPicture('red'));
      const unused = await ada.ticket(await plainPicture('yellow'));
      await ada.request('DELETE', `/uploads/${unused.uploadId}`);
      const uploadId = uploadIdOf(await ada.crop(GREEN_CORNER));
      const render = world.messages.find(({ body }) => body.includes(uploadId));
      if (!render) throw new Error('no render message was sent');
      await deliverToDyingWorker(world, render, (call) => call === 'metadata.publishAvatar');
      await world.deliver(event);
      expect(await shownTo(world, ada)).toBe('red');
      await settle(world);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'superseded' });
      expect(await shownTo(world, ada)).toBe('red');
      await expectAtRest(world, [ada]);
    });

    it('counts in the copy that its first attempt made', async () => {
      const { world, ada } = await withScene(openAdapters);
      const uploadId = uploadIdOf(await ada.crop(GREEN_CORNER));
      await deliverToDyingWorker(world, messageOf(world), (call) => call === 'metadata.publishAvatar');
      await settle(world);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'ready' });
      expect(await shownTo(world, ada)).toBe('green');
      await expectAtRest(world, [ada]);
    });
  });
}

function messageOf({ messages }: World): Message {
  const [message] = messages;
  if (!message) throw new Error('no render message was sent');
  return message;
}

async function scene() {
  return { bytes: await pngPicture({ width: 160, height: 160 }), contentType: 'image/png' } as const;
}

async function withScene(openAdapters: OpenAdapters): Promise<{ world: World; ada: Client }> {
  const world = await openWorld(openAdapters);
  const ada = clientOf(world, { sub: 'ada' });
  await world.deliver((await ada.send(await scene())).event);
  return { world, ada };
}

function uploadIdOf({ status, body }: Reply): string {
  expect(status).toBe(202);
  return String(body.uploadId);
}
