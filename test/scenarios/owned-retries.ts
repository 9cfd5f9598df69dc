import { describe, expect, it } from 'vitest';
import { DependencyUnavailableError, StorageDeniedError } from '../../shared/errors.ts';
import { attach, LETTER } from './attached-files.ts';
import { type Client, clientOf } from './client.ts';
import type { Interceptor } from './intercepted-port.ts';
import { expectAtRest, shownTo, usageOf } from './observed-state.ts';
import { passTime } from './passing-time.ts';
import { plainPicture } from './plain-pictures.ts';
import { settle } from './settle.ts';
import { deliverToDyingWorker } from './worker-death.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

const NOTHING = { bytes: 0, files: 0, openUploads: 0 };
const HOUR = 60;
const DAY = 24 * HOUR;

/** Each retry has one owner, and each upload an end. */
export function describeOwnedRetries(openAdapters: OpenAdapters): void {
  describe('an upload that meets one fault', () => {
    it('is ready seconds later', async () => {
      const { world, ada } = await begin(openAdapters);
      const { uploadId } = await sendAvatar(ada);
      const start = world.now().getTime();
      await world.intercept(refuseWrites({ times: 1 }), () => passTime(world, 20, { until: isEnded(world, uploadId) }));
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'ready' });
      expect(world.now().getTime() - start).toBeLessThan(15_000);
    });
  });

  describe('an upload whose bytes kill each worker', () => {
    it.each(Object.entries(SENDERS))('ends within ten minutes, and without a dead letter: an %s', async (_, send) => {
      const { world, ada } = await begin(openAdapters);
      const { uploadId } = await send(ada);
      const start = world.now().getTime();
      const deliver = (message: World['messages'][number]) =>
        deliverToDyingWorker(world, message, (call) => call === 'scanner.scan');
      await passTime(world, HOUR, { deliver, until: isEnded(world, uploadId) });
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'rejected', code: 'processing_failed' });
      expect(world.now().getTime() - start).toBeLessThan(600_000);
      expect(await passTime(world, HOUR)).toMatchObject({ dead: 0 });
      expect(world.messages).toEqual([]);
      await expectAtRest(world, [ada]);
    });
  });

  describe('an upload while storage refuses every write', () => {
    it('has one message at a time, few deliveries and no dead letter in two hours, and is ready after them', async () => {
      const { world, ada } = await begin(openAdapters);
      const { uploadId } = await sendAvatar(ada);
      const passed = await world.intercept(refuseWrites(), () => passTime(world, 2 * HOUR));
      expect(passed).toMatchObject({ dead: 0, most: 1 });
      expect(passed.deliveries).toBeLessThan(20);
      await passTime(world, HOUR + 1, { until: isEnded(world, uploadId) });
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'ready' });
      expect(await shownTo(world, ada)).toBe('red');
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it.each(Object.entries(SENDERS))('can be aborted by its owner between two attempts: an %s', async (_, send) => {
      const { world, ada } = await begin(openAdapters);
      const { uploadId } = await send(ada);
      await world.intercept(refuseWrites({ denied: true }), () => passTime(world, 10));
      expect(await ada.request('DELETE', `/uploads/${uploadId}`)).toMatchObject({ status: 204 });
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'aborted' });
      expect(await usageOf(world)).toEqual(NOTHING);
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it.each(Object.entries(SENDERS))(
      'ends after a day, and releases its place and its quota: an %s',
      async (_, send) => {
        const { world, ada } = await begin(openAdapters);
        const { uploadId } = await send(ada);
        await world.intercept(refuseWrites({ denied: true }), async () => {
          expect(await passTime(world, DAY - HOUR)).toMatchObject({ dead: 0, most: 1 });
          expect((await ada.upload(uploadId)).status).toBe('processing');
          await passTime(world, 2 * HOUR + 1);
        });
        expect(await ada.upload(uploadId)).toMatchObject({ status: 'rejected', code: 'processing_failed' });
        expect(await usageOf(world)).toEqual(NOTHING);
        await settle(world);
        await expectAtRest(world, [ada]);
      },
    );
  });
}

/** The kinds of files. Ticket and bytes; the event waits. */
const SENDERS: Readonly<Record<string, (ada: Client) => Promise<{ readonly uploadId: string }>>> = {
  avatar: sendAvatar,
  attachment: async (ada) => ({ uploadId: (await attach(ada, LETTER)).id }),
};

async function sendAvatar(ada: Client) {
  return ada.send(await plainPicture('red'));
}

async function begin(openAdapters: OpenAdapters): Promise<{ readonly world: World; readonly ada: Client }> {
  const world = await openWorld(openAdapters);
  return { world, ada: clientOf(world, { sub: 'ada' }) };
}

function isEnded({ metadata }: World, uploadId: string): () => Promise<boolean> {
  return async () => (await metadata.getUpload({ uploadId }))?.finishedAt !== undefined;
}

/** The first writes of the service fail, or all. `denied`: not for a passing reason. */
function refuseWrites({ times = Number.POSITIVE_INFINITY, denied = false } = {}): Interceptor {
  let refusals = 0;
  return (call, proceed) => {
    const isWrite = call === 'storage.uploadFile' || call === 'storage.copyFile';
    if (!isWrite || refusals >= times) return proceed();
    refusals += 1;
    return Promise.reject(denied ? new StorageDeniedError('denied') : new DependencyUnavailableError('slow down'));
  };
}
