import { describe, expect, it } from 'vitest';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import type { DownloadedFile } from '../../shared/storage/storage-backend.ts';
import { type Client, clientOf, type Sent } from './client.ts';
import { failing, type Interceptor, justBefore } from './intercepted-port.ts';
import { expectAtRest, objectsOf, shownTo } from './observed-state.ts';
import { passTime } from './passing-time.ts';
import { plainPicture } from './plain-pictures.ts';
import { drain, settle } from './settle.ts';
import { deliverToDyingWorker } from './worker-death.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

const HOUR = 3_600_000;
const THROTTLED = new DependencyUnavailableError('slow down');

/** Lost messages, dying workers and throttled dependencies. */
export function describeFailing(openAdapters: OpenAdapters): void {
  describe('when something fails', () => {
    it('sends a message for an upload whose event was lost as soon as its ticket is over', async () => {
      const { world, ada, sent } = await withSent(openAdapters);
      world.lose(sent.event);
      world.advance(2 * HOUR);
      expect(await world.sweep()).toMatchObject({ redriven: 1, expired: 0 });
      await drain(world);
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
      await expectAtRest(world, [ada]);
    });

    it('sends one message for an upload whose event is lost, however often its client waits for it', async () => {
      const { world, ada, sent } = await withSent(openAdapters);
      world.lose(sent.event);
      for (let times = 0; times < 2; times += 1) {
        const { body } = await ada.request('GET', `/uploads/${sent.uploadId}?wait=5`);
        expect(body).toMatchObject({ status: 'pending' });
      }
      expect(world.messages).toEqual([{ queue: 'uploads', body: JSON.stringify({ uploadId: sent.uploadId }) }]);
      await drain(world);
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
      await expectAtRest(world, [ada]);
    });

    it('sends no message for a client that waits for an upload without bytes', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { uploadId } = await ada.ticket(await plainPicture('red'));
      await ada.request('GET', `/uploads/${uploadId}?wait=5`);
      expect(world.messages).toEqual([]);
    });

    it('acknowledges an event that came before its bytes could be seen, and changes nothing', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const red = await plainPicture('red');
      const ticket = await ada.ticket(red);
      const early = { queue: 'uploads', body: JSON.stringify({ uploadId: ticket.uploadId }) } as const;
      expect(await world.deliver(early)).toBe('acknowledged');
      expect(await ada.upload(ticket.uploadId)).toMatchObject({ status: 'pending' });
      await world.deliver(await ada.put(ticket, red));
      expect(await ada.upload(ticket.uploadId)).toMatchObject({ status: 'ready' });
    });

    it('tries again as long as the scanner has no verdict, and publishes nothing meanwhile', async () => {
      let verdict: 'error' | 'clean' = 'error';
      const world = await openWorld(openAdapters, { scanner: { scan: async () => verdict } });
      const ada = clientOf(world, { sub: 'ada' });
      const { uploadId } = await ada.send(await plainPicture('red'));
      await passTime(world, 60);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'processing' });
      expect(await shownTo(world, ada)).toBeUndefined();
      verdict = 'clean';
      await passTime(world, 60);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'ready' });
    });

    it('refuses what the scanner does not allow', async () => {
      const world = await openWorld(openAdapters, { scanner: { scan: async () => 'disallowed' } });
      const ada = clientOf(world, { sub: 'ada' });
      const { uploadId, event } = await ada.send(await plainPicture('red'));
      await world.deliver(event);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'rejected', code: 'content_disallowed' });
      await expectAtRest(world, [ada]);
    });

    it.each<[string, Interceptor]>([
      ['storage.downloadFile is throttled', failing('storage.downloadFile', THROTTLED)],
      ['storage.uploadFile is throttled', failing('storage.uploadFile', THROTTLED)],
      ['metadata.publishAvatar is throttled', failing('metadata.publishAvatar', THROTTLED)],
      ['the bytes break off while they are read', breakingOff],
    ])('never counts it as an attempt that %s', async (_, fault) => {
      const { world, ada, sent } = await withSent(openAdapters);
      await world.intercept(fault, () => passTime(world, 60));
      expect(await world.metadata.getUpload(sent)).toMatchObject({ status: 'processing', attempts: 0 });
      await passTime(world, 60);
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
      await expectAtRest(world, [ada]);
    });

    it('keeps a second worker away while the first one is alive', async () => {
      const { world, sent } = await withSent(openAdapters);
      await deliverToDyingWorker(world, sent.event, (call) => call === 'storage.downloadFile');
      expect(await world.deliver(sent.event)).toBe('failed');
      world.advance(world.settings.leaseSeconds * 1000);
      expect(await world.deliver(sent.event)).toBe('failed');
      world.advance(1);
      expect(await world.deliver(sent.event)).toBe('acknowledged');
    });

    it.each(['storage.downloadFile', 'storage.uploadFile', 'metadata.publishAvatar'])(
      'rejects an upload after three workers died at %s, and leaves nothing',
      async (at) => {
        const { world, ada, sent } = await withSent(openAdapters);
        await die(world, sent, { times: 3, at });
        expect(await world.deliver(sent.event)).toBe('acknowledged');
        expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'rejected', code: 'processing_failed' });
        expect(await shownTo(world, ada)).toBeUndefined();
        await expectAtRest(world, [ada]);
      },
    );

    it('does not give up after two deaths', async () => {
      const { world, ada, sent } = await withSent(openAdapters);
      await die(world, sent, { times: 2, at: 'storage.downloadFile' });
      await world.deliver(sent.event);
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
    });

    it('removes what the client sent although the worker died after publishing', async () => {
      const { world, ada, sent } = await withSent(openAdapters);
      await deliverToDyingWorker(world, sent.event, (call) => call === 'storage.deleteFile');
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
      await drain(world);
      await expectAtRest(world, [ada]);
    });

    it('finds an upload whose worker died and whose event is lost', async () => {
      const { world, ada, sent } = await withSent(openAdapters);
      await deliverToDyingWorker(world, sent.event, (call) => call === 'storage.uploadFile');
      world.lose(sent.event);
      await settle(world);
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
      await expectAtRest(world, [ada]);
    });

    it('removes what a worker wrote that lost its lease, woke up after its upload was aborted and died', async () => {
      const { world, ada, sent } = await withSent(openAdapters);
      const abortMeanwhile = justBefore('scanner.scan', async () => {
        world.advance(world.settings.leaseSeconds * 1000 + 1);
        await ada.request('DELETE', `/uploads/${sent.uploadId}`);
        await world.sweep();
      });
      await deliverToDyingWorker(world, sent.event, (call) => call === 'metadata.publishAvatar', abortMeanwhile);
      world.lose(sent.event);
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'aborted' });
      expect(await objectsOf(world)).toHaveLength(7);
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('sweeps on when one of the due items fails', async () => {
      const { world, ada, sent } = await withSent(openAdapters);
      const bob = clientOf(world, { sub: 'bob' });
      const { uploadId } = await bob.ticket(await plainPicture('green'));
      world.lose(sent.event);
      world.advance(2 * HOUR);
      const counts = await world.intercept(failing('queues.sendUpload', THROTTLED), () => world.sweep());
      expect(counts).toMatchObject({ failed: 1, expired: 1 });
      expect(await bob.upload(uploadId)).toMatchObject({ status: 'expired' });
      await settle(world);
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
    });
  });
}

interface WithSent {
  readonly world: World;
  readonly ada: Client;
  readonly sent: Sent;
}

async function withSent(openAdapters: OpenAdapters): Promise<WithSent> {
  const world = await openWorld(openAdapters);
  const ada = clientOf(world, { sub: 'ada' });
  return { world, ada, sent: await ada.send(await plainPicture('red')) };
}

/** Every download has a few bytes and then fails. */
const breakingOff: Interceptor = async (call, proceed) => {
  if (call !== 'storage.downloadFile') return proceed();
  const { info, body } = (await proceed()) as DownloadedFile;
  await body[Symbol.asyncIterator]().return?.();
  async function* firstBytes() {
    yield Buffer.alloc(10);
    throw THROTTLED;
  }
  return { info, body: firstBytes() };
};

/** Each death is seen only when the lease has lapsed. */
async function die(world: World, sent: Sent, { times, at }: { times: number; at: string }): Promise<void> {
  for (let deaths = 0; deaths < times; deaths += 1) {
    expect(await deliverToDyingWorker(world, sent.event, (call) => call === at)).toBe('died');
    world.advance(world.settings.leaseSeconds * 1000 + 1);
  }
}
