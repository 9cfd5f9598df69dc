import { describe, expect, it } from 'vitest';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import type { MetricValues } from '../../shared/metrics.ts';
import { truncated } from '../fixtures/hostile-files.ts';
import { clientOf } from './client.ts';
import { failing, type Interceptor } from './intercepted-port.ts';
import { plainPicture } from './plain-pictures.ts';
import { type OpenAdapters, openWorld } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A ticket's five minutes, and the hour in which its bytes may still be on their way. */
const ACCEPTED = HOUR + 5 * MINUTE;

/** What alarms and the dashboard are based on. */
export function describeMeasuring(openAdapters: OpenAdapters): void {
  describe('of uploads', () => {
    it('an image is counted once it is shown, with the time since its bytes were stored, not since its ticket', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const red = await plainPicture('red');
      world.advance(-2 * MINUTE);
      const ticket = await ada.ticket(red);
      world.advance(2 * MINUTE);
      const event = await ada.put(ticket, red);
      expect(world.measured).toEqual([]);
      world.advance(HOUR);
      await world.deliver(event);
      expect(world.measured).toEqual([{ UploadsReady: 1, UploadsRejected: 0, ReadyLatency: expect.any(Number) }]);
      // Storage looks at a clock of its own, a little later than the world's or in whole seconds.
      const latency = world.measured[0]?.ReadyLatency ?? 0;
      expect(latency).toBeGreaterThan(HOUR - MINUTE);
      expect(latency).toBeLessThanOrEqual(HOUR + 1000);
    });

    it('no image is shown before its bytes came, whatever the clocks say', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { event } = await ada.send(await plainPicture('red'));
      world.advance(-MINUTE);
      await world.deliver(event);
      expect(world.measured).toMatchObject([{ UploadsReady: 1, ReadyLatency: 0 }]);
    });

    it('another crop takes from its request to the image', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      await world.deliver((await ada.send(await plainPicture('red'))).event);
      world.advance(HOUR);
      await ada.crop({ x: 0, y: 0, size: 0.5 });
      world.advance(MINUTE);
      for (const message of [...world.messages]) await world.deliver(message);
      expect(world.measured[1]).toEqual({ UploadsReady: 1, UploadsRejected: 0, ReadyLatency: MINUTE });
    });

    it('a rejection counts as one end of all, without a time', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const red = await plainPicture('red');
      const { event } = await ada.send({ ...red, bytes: truncated(red.bytes, 0.5) });
      await world.deliver(event);
      expect(world.measured).toEqual([{ UploadsReady: 0, UploadsRejected: 1 }]);
    });

    it('one that a newer image superseded is neither shown nor rejected', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const older = await ada.send(await plainPicture('red'));
      const newer = await ada.send(await plainPicture('green'));
      await world.deliver(newer.event);
      await world.deliver(older.event);
      expect(world.measured).toMatchObject([{ UploadsReady: 1 }, { UploadsSuperseded: 1 }]);
    });

    it('each end is counted once, however often its event comes', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { event } = await ada.send(await plainPicture('red'));
      for (let times = 0; times < 3; times += 1) await world.deliver(event);
      expect(world.measured).toHaveLength(1);
    });

    it('a delivery that fails is not counted as an end', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { event } = await ada.send(await plainPicture('red'));
      await world.intercept(failing('metadata.publishAvatar', SLOW_DOWN), () => world.deliver(event));
      expect(world.measured).toEqual([]);
    });
  });

  describe('of a sweep', () => {
    it('a lag of 0 is recorded when nothing was due', async () => {
      const world = await openWorld(openAdapters);
      await world.sweep();
      expect(world.measured).toEqual([{ SweepLag: 0 }]);
    });

    it('the lag is that of the oldest item; what ended or was sent again is counted', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      await ada.ticket(await plainPicture('red'));
      world.advance(MINUTE);
      world.lose((await ada.send(await plainPicture('green'))).event);
      world.advance(ACCEPTED + MINUTE);
      await world.sweep();
      // Each shard records its own counts; how many there are depends on the store.
      expect(sums(world.measured)).toEqual({
        SweepLag: 2 * MINUTE,
        UploadsExpired: 1,
        UploadsRedriven: 1,
        SweepFailures: 0,
      });
    });

    it('the lag is recorded before the work, which a run may not survive', async () => {
      const world = await openWorld(openAdapters);
      await clientOf(world, { sub: 'ada' }).ticket(await plainPicture('red'));
      world.advance(ACCEPTED + MINUTE);
      const measuredBefore: unknown[] = [];
      const look: Interceptor = (call, proceed) => {
        if (call === 'metadata.expireUpload') measuredBefore.push(...world.measured);
        return proceed();
      };
      await world.intercept(look, () => world.sweep());
      expect(measuredBefore).toEqual([{ SweepLag: MINUTE }]);
    });

    it('the lag grows with what is never reached, not with what fails and is put off', async () => {
      const world = await openWorld(openAdapters);
      await clientOf(world, { sub: 'ada' }).ticket(await plainPicture('red'));
      world.advance(ACCEPTED);
      const lagsWhile = async (call: string) => {
        const before = world.measured.length;
        for (let runs = 0; runs < 3; runs += 1) {
          world.advance(MINUTE);
          await world.intercept(failing(call, SLOW_DOWN), () => world.sweep()).catch(() => {});
        }
        return world.measured.slice(before).flatMap(({ SweepLag }) => SweepLag ?? []);
      };
      expect(await lagsWhile('metadata.getUploads')).toEqual([MINUTE, 2 * MINUTE, 3 * MINUTE]);
      expect(await lagsWhile('metadata.expireUpload')).toEqual([4 * MINUTE, 0, 0]);
    });

    it('nothing is recorded of a run that cannot see what is due', async () => {
      const world = await openWorld(openAdapters);
      const run = world.intercept(failing('metadata.dueShards', SLOW_DOWN), () => world.sweep());
      await expect(run).rejects.toBe(SLOW_DOWN);
      expect(world.measured).toEqual([]);
    });
  });
}

const SLOW_DOWN = new DependencyUnavailableError('slow down');

/** Every metric with the sum of its values. */
function sums(measured: readonly MetricValues[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [name, value] of measured.flatMap((values) => Object.entries(values))) {
    total[name] = (total[name] ?? 0) + value;
  }
  return total;
}
