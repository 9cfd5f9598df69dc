import { describe, expect, it, vi } from 'vitest';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { temporaryKey } from '../../shared/storage/object-keys.ts';
import { type Client, clientOf, type Sent } from './client.ts';
import { failing, type Interceptor, passThrough } from './intercepted-port.ts';
import { expectAtRest, usageOf } from './observed-state.ts';
import { passTime } from './passing-time.ts';
import { plainPicture } from './plain-pictures.ts';
import { nextDue, settle } from './settle.ts';
import { deliverToDyingWorker } from './worker-death.ts';
import { type Message, type OpenAdapters, openWorld, type World, type WorldOptions } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOTHING = { bytes: 0, files: 0, openUploads: 0 };
const NO_WRITES = failing('storage.uploadFile', new DependencyUnavailableError('slow down'));

/** Who tries again, and when: the queue for the first minutes, then the sweep, and each retry has one owner. */
export function describeRetrying(openAdapters: OpenAdapters): void {
  describe('a delivery that fails', () => {
    it.each([
      ['exactly', 0, [5, 20, 80]],
      ['at most a quarter more than', 0.999, [6, 25, 100]],
    ] as const)('is repeated after %s 5, 20 and 80 seconds', async (_, random, pauses) => {
      const { world, sent } = await withSent(openAdapters);
      vi.spyOn(Math, 'random').mockReturnValue(random);
      const waited: number[] = [];
      for (let times = 0; times < 3; times += 1) waited.push(await failOnce(world, sent.event));
      vi.restoreAllMocks();
      expect(waited).toEqual(pauses);
    });

    it('is acknowledged the fourth time: the sweep sends one message a while later', async () => {
      const { world, ada, sent } = await withSent(openAdapters);
      for (let times = 0; times < 3; times += 1) world.advance(1000 * (await failOnce(world, sent.event)));
      expect(await world.intercept(NO_WRITES, () => world.deliver(sent.event))).toBe('acknowledged');
      expect(world.messages).toEqual([]);

      const pause = ((await nextDue(world))?.getTime() ?? 0) - world.now().getTime();
      expect(pause).toBeGreaterThanOrEqual(MINUTE);
      expect(pause).toBeLessThan(3 * MINUTE);
      world.advance(pause);
      expect(await world.sweep()).toMatchObject({ redriven: 1 });
      expect(world.messages).toEqual([messageFor(sent)]);
      await passTime(world, 1);
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
    });

    it('is repeated after the visibility timeout when not even its record can be written', async () => {
      const { world, ada, sent } = await withSent(openAdapters);
      const noRecords: Interceptor = (call, proceed) =>
        call.startsWith('metadata.') ? Promise.reject(new DependencyUnavailableError('down')) : proceed();
      for (let times = 0; times < 3; times += 1) {
        expect(await world.intercept(noRecords, () => world.deliver(sent.event))).toBe('failed');
        expect(secondsUntilVisible(world, sent.event)).toBeLessThanOrEqual(100);
      }
      expect(await world.intercept(noRecords, () => world.deliver(sent.event))).toBe('failed');
      expect(secondsUntilVisible(world, sent.event)).toBe(720);
      expect(await world.deliver(sent.event)).toBe('acknowledged');
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
    });
  });

  describe('a message whose upload is leased by another worker', () => {
    it('is delivered again when the lease has ended', async () => {
      const { world, ada, sent } = await withSent(openAdapters);
      await deliverToDyingWorker(world, sent.event, (call) => call === 'storage.downloadFile');
      world.advance(30_000);
      expect(await world.deliver(sent.event)).toBe('failed');
      expect(secondsUntilVisible(world, sent.event)).toBe(world.settings.leaseSeconds - 30 + 1);
      world.advance(1000 * secondsUntilVisible(world, sent.event));
      expect(await world.deliver(sent.event)).toBe('acknowledged');
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
    });

    it('is acknowledged the fourth time: the sweep sends one message when the lease has ended', async () => {
      const { world, ada, sent } = await withSent(openAdapters);
      await deliverToDyingWorker(world, sent.event, (call) => call === 'storage.downloadFile');
      for (let times = 0; times < 2; times += 1) expect(await world.deliver(sent.event)).toBe('failed');
      expect(await world.deliver(sent.event)).toBe('acknowledged');
      expect(world.messages).toEqual([]);
      expect(await world.sweep()).toMatchObject({ redriven: 0 });
      world.advance(1000 * world.settings.leaseSeconds + 1);
      expect(await world.sweep()).toMatchObject({ redriven: 1 });
      await passTime(world, 1);
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
    });
  });

  describe('an upload that fails', () => {
    it('is aborted by its owner between two attempts, not during one', async () => {
      const { world, ada, sent } = await withSent(openAdapters);
      const abort = () => ada.request('DELETE', `/uploads/${sent.uploadId}`);
      const meanwhile: number[] = [];
      const noWrites: Interceptor = async (call, proceed) => {
        if (call === 'storage.uploadFile') meanwhile.push((await world.intercept(passThrough, abort)).status);
        return NO_WRITES(call, proceed);
      };
      await world.intercept(noWrites, () => world.deliver(sent.event));
      expect(new Set(meanwhile)).toEqual(new Set([409]));
      expect(await abort()).toMatchObject({ status: 204 });
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'aborted' });
      expect(await usageOf(world)).toEqual(NOTHING);
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('is rejected when it has failed for as long as is configured, and its quota is released', async () => {
      const { world, ada, sent } = await withSent(openAdapters, { settings: { giveUpMilliseconds: 6 * HOUR } });
      await world.intercept(NO_WRITES, () => passTime(world, 6 * 60));
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'processing' });
      await world.intercept(NO_WRITES, () => passTime(world, 61));
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'rejected', code: 'processing_failed' });
      expect(await usageOf(world)).toEqual(NOTHING);
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('is rejected in the end also when not one message about it can be sent', async () => {
      const { world, ada, sent } = await withSent(openAdapters);
      world.lose(sent.event);
      const silent = failing('queues.sendUpload', new DependencyUnavailableError('down'));
      await world.intercept(silent, () => passTime(world, 28 * 60));
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'rejected', code: 'processing_failed' });
      expect(await usageOf(world)).toEqual(NOTHING);
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('leaves its clean-up to the sweep when a late delivery cannot do it either', async () => {
      const { world, sent } = await withSent(openAdapters);
      const noDeletes = failing('storage.deleteFile', new DependencyUnavailableError('slow down'));
      await world.intercept(noDeletes, async () => {
        expect(await world.deliver(sent.event)).toBe('acknowledged');
        expect(await world.deliver(sent.event)).toBe('acknowledged');
      });
      await settle(world);
      expect(await world.storage.fileExists({ key: temporaryKey(sent.uploadId) })).toBe(false);
    });

    it('is not rejected for a failure of yesterday after which it has not been tried again', async () => {
      const { world, ada, sent } = await withSent(openAdapters);
      await failOnce(world, sent.event);
      world.advance(25 * HOUR);
      expect(await world.deliver(sent.event)).toBe('acknowledged');
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
    });
  });
}

/** The message that the service itself sends for an upload. */
function messageFor({ uploadId }: Sent): Message {
  return { queue: 'uploads', body: JSON.stringify({ uploadId }) };
}

/** A delivery that fails. Returns the seconds until the next one. */
async function failOnce(world: World, message: Message): Promise<number> {
  expect(await world.intercept(NO_WRITES, () => world.deliver(message))).toBe('failed');
  return secondsUntilVisible(world, message);
}

function secondsUntilVisible(world: World, message: Message): number {
  return (world.stateOf(message).visibleAt.getTime() - world.now().getTime()) / 1000;
}

async function withSent(
  openAdapters: OpenAdapters,
  options?: WorldOptions,
): Promise<{ readonly world: World; readonly ada: Client; readonly sent: Sent }> {
  const world = await openWorld(openAdapters, options);
  const ada = clientOf(world, { sub: 'ada' });
  return { world, ada, sent: await ada.send(await plainPicture('red')) };
}
