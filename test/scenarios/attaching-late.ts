import { describe, expect, it } from 'vitest';
import type { UploadTicket } from '../../shared/api/schemas.ts';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { type DownloadedFile, readWhole } from '../../shared/storage/storage-backend.ts';
import { askToAttach, attach, isQuotaRight, keysOf, LETTER, type SentFile } from './attached-files.ts';
import { type Client, clientOf } from './client.ts';
import { failing, type Interceptor, justBefore, passThrough } from './intercepted-port.ts';
import { usageOf } from './observed-state.ts';
import { passTime } from './passing-time.ts';
import { plainPicture } from './plain-pictures.ts';
import { drain, settle } from './settle.ts';
import { deliverToDyingWorker } from './worker-death.ts';
import { type OpenAdapters, openWorld, type World, type WorldOptions } from './world.ts';

const NOTHING = { bytes: 0, files: 0, openUploads: 0 };
const THROTTLED = new DependencyUnavailableError('slow down');

/** As long as the letter. */
const ANOTHER_LETTER: SentFile = { ...LETTER, bytes: Buffer.from('A LETTER') };

async function begin(openAdapters: OpenAdapters, options?: WorldOptions): Promise<{ world: World; ada: Client }> {
  const world = await openWorld(openAdapters, options);
  return { world, ada: clientOf(world, { sub: 'ada' }) };
}

async function contentOf({ storage, metadata }: World, fileId: string): Promise<string | undefined> {
  const file = await metadata.getAttachment({ fileId });
  return file && (await readWhole(await storage.downloadFile({ key: file.key }))).toString();
}

/** What comes too early, too late, changed or from a worker that lost its lease changes nothing that is right already. */
export function describeAttachingLate(openAdapters: OpenAdapters): void {
  describe('of an attachment', () => {
    it('an event that came before its bytes changes nothing', async () => {
      const { world, ada } = await begin(openAdapters);
      const ticket = (await askToAttach(ada, LETTER)).body as unknown as UploadTicket;
      const early = { queue: 'uploads', body: JSON.stringify({ uploadId: ticket.uploadId }) } as const;
      expect(await world.deliver(early)).toBe('acknowledged');
      expect(await ada.upload(ticket.uploadId)).toMatchObject({ status: 'pending' });
      await world.deliver(await world.writeBytes(ticket, LETTER.bytes));
      expect(await ada.upload(ticket.uploadId)).toMatchObject({ status: 'ready' });
    });

    it('an event that comes again after it was deleted brings nothing back', async () => {
      const { world, ada } = await begin(openAdapters);
      const { id, event } = await attach(ada, await plainPicture('red'));
      await world.deliver(event);
      await ada.request('DELETE', `/attachments/${id}`);
      expect(await world.deliver(event)).toBe('acknowledged');
      await settle(world);
      expect(await world.deliver(event)).toBe('acknowledged');
      expect(await ada.request('GET', `/attachments/${id}`)).toMatchObject({ status: 404 });
      expect(await keysOf(world)).toEqual([]);
      expect(await usageOf(world)).toEqual(NOTHING);
    });

    it('bytes that a form sends again count for nothing, whenever they come', async () => {
      const { world, ada } = await begin(openAdapters);
      const asked = await askToAttach(ada, LETTER, { method: 'POST' });
      const ticket = asked.body as unknown as UploadTicket;
      await world.deliver(await world.writeBytes(ticket, LETTER.bytes));
      await world.deliver(await world.writeBytes(ticket, ANOTHER_LETTER.bytes));
      expect(await contentOf(world, ticket.uploadId)).toBe('a letter');
      expect(await keysOf(world)).toHaveLength(1);
    });

    it.each([
      ['before it is looked at', 'storage.downloadFile', 'rejected', 0],
      ['before it is copied', 'storage.copyFile', 'rejected', 0],
      ['after it was copied', 'metadata.publishAttachment', 'ready', 1],
    ] as const)('bytes that a form changes %s are never taken for the first', async (_, call, status, objects) => {
      const { world, ada } = await begin(openAdapters);
      const asked = await askToAttach(ada, LETTER, { method: 'POST' });
      const ticket = asked.body as unknown as UploadTicket;
      const event = await world.writeBytes(ticket, LETTER.bytes);
      const again = justBefore(call, () => world.writeBytes(ticket, ANOTHER_LETTER.bytes));
      await world.intercept(again, () => world.deliver(event));
      await drain(world);
      expect(await ada.upload(ticket.uploadId)).toMatchObject({
        status,
        ...(status === 'rejected' && { code: 'upload_changed' }),
      });
      expect(await keysOf(world)).toHaveLength(objects);
      expect(await contentOf(world, ticket.uploadId)).toBe(objects === 0 ? undefined : 'a letter');
      expect(await isQuotaRight(world)).toBe(true);
    });

    it('other bytes than the ticket’s are rejected, and nothing of them stays', async () => {
      const { world, ada } = await begin(openAdapters);
      const ticket = (await askToAttach(ada, LETTER)).body as unknown as UploadTicket;
      await world.deliver(await world.writeBytes(ticket, Buffer.from('a longer letter')));
      expect(await ada.upload(ticket.uploadId)).toMatchObject({ status: 'rejected', code: 'upload_changed' });
      expect(await keysOf(world)).toEqual([]);
      expect(await usageOf(world)).toEqual(NOTHING);
    });

    it('a worker that lost its lease writes nothing that outlives its deletion', async () => {
      const { world, ada } = await begin(openAdapters);
      const { id, event } = await attach(ada, await plainPicture('red'));
      const sleep = justBefore('storage.uploadFile', async () => {
        world.advance(world.settings.leaseSeconds * 1000 + 1);
        await world.deliver(event);
        expect(await ada.request('DELETE', `/attachments/${id}`)).toMatchObject({ status: 204 });
        await drain(world);
        expect(await world.metadata.getAttachment({ fileId: id })).toBeUndefined();
      });
      expect(await world.intercept(sleep, () => world.deliver(event))).toBe('acknowledged');
      expect(await keysOf(world)).toEqual([]);
      expect(await usageOf(world)).toEqual(NOTHING);
    });

    it('what such a worker wrote before it died is removed 15 minutes after the first clean-up', async () => {
      const { world, ada } = await begin(openAdapters);
      const { id, event } = await attach(ada, await plainPicture('red'));
      const publishAndDelete = async () => {
        world.advance(world.settings.leaseSeconds * 1000 + 1);
        await world.deliver(event);
        await ada.request('DELETE', `/attachments/${id}`);
        await drain(world);
      };
      const sleep = justBefore('scanner.scan', () => world.intercept(passThrough, publishAndDelete));
      await deliverToDyingWorker(world, event, (call) => call === 'metadata.publishAttachment', sleep);
      expect(await world.metadata.getAttachment({ fileId: id })).toBeUndefined();
      expect(await keysOf(world)).toHaveLength(2);
      await settle(world);
      expect(await keysOf(world)).toEqual([]);
      expect(await usageOf(world)).toEqual(NOTHING);
    });

    it('a worker that lost its lease changes nothing of what the next one published', async () => {
      const { world, ada } = await begin(openAdapters);
      const { id, event } = await attach(ada, await plainPicture('red'));
      const sleep = justBefore('storage.uploadFile', async () => {
        world.advance(world.settings.leaseSeconds * 1000 + 1);
        await world.deliver(event);
      });
      expect(await world.intercept(sleep, () => world.deliver(event))).toBe('acknowledged');
      const file = await world.metadata.getAttachment({ fileId: id });
      expect(await keysOf(world)).toEqual([file?.key, file?.preview?.key]);
      expect(await isQuotaRight(world)).toBe(true);
    });

    it.each(['storage.downloadFile', 'metadata.publishAttachment'])(
      'the upload is rejected after three workers died at %s, and nothing is left',
      async (call) => {
        const { world, ada } = await begin(openAdapters);
        const { id, event } = await attach(ada, await plainPicture('red'));
        for (let deaths = 0; deaths < 3; deaths++) {
          expect(await deliverToDyingWorker(world, event, (name) => name === call)).toBe('died');
          world.advance(world.settings.leaseSeconds * 1000 + 1);
        }
        expect(await world.deliver(event)).toBe('acknowledged');
        expect(await ada.upload(id)).toMatchObject({ status: 'rejected', code: 'processing_failed' });
        expect(await keysOf(world)).toEqual([]);
        expect(await usageOf(world)).toEqual(NOTHING);
      },
    );

    it.each(['storage.copyFile', 'storage.getFileInfo', 'metadata.publishAttachment', 'scanner.scan'])(
      'it never counts as an attempt that %s is throttled',
      async (call) => {
        const { world, ada } = await begin(openAdapters);
        const { id } = await attach(ada, LETTER);
        await world.intercept(failing(call, THROTTLED), () => passTime(world, 60));
        expect(await world.metadata.getUpload({ uploadId: id })).toMatchObject({ attempts: 0 });
        await passTime(world, 60);
        expect(await ada.upload(id)).toMatchObject({ status: 'ready' });
        expect(await keysOf(world)).toHaveLength(1);
      },
    );

    it('no download stays open, also when the scanner fails before it reads', async () => {
      const { world, ada } = await begin(openAdapters);
      const { event } = await attach(ada, LETTER);
      const open = new Set<object>();
      const watch: Interceptor = async (call, proceed) => {
        if (call === 'scanner.scan') throw THROTTLED;
        const response = await proceed();
        return call === 'storage.downloadFile' ? watched(response as DownloadedFile, open) : response;
      };
      expect(await world.intercept(watch, () => world.deliver(event))).toBe('failed');
      expect(open.size).toBe(0);
    });

    it('nothing is published that the scanner has no verdict on', async () => {
      let verdict: 'error' | 'disallowed' = 'error';
      const { world, ada } = await begin(openAdapters, { scanner: { scan: async () => verdict } });
      const { id, event } = await attach(ada, LETTER);
      expect(await world.deliver(event)).toBe('failed');
      expect(await world.metadata.getAttachment({ fileId: id })).toBeUndefined();
      verdict = 'disallowed';
      await world.deliver(event);
      expect(await ada.upload(id)).toMatchObject({ status: 'rejected', code: 'content_disallowed' });
      expect(await keysOf(world)).toEqual([]);
    });
  });

  describe('a draft that is claimed', () => {
    it.each(['metadata.expireDraft', 'metadata.getAttachment'])('while its end comes to %s stays', async (call) => {
      const { world, ada } = await begin(openAdapters);
      const { id, event } = await attach(ada, LETTER, { draft: true });
      await world.deliver(event);
      world.advance(25 * 3_600_000);
      const claim = () => ada.request('PATCH', `/attachments/${id}`, { body: { draft: false } });
      await world.intercept(justBefore(call, claim), () => world.sweep());
      await settle(world);
      expect(await ada.request('GET', `/attachments/${id}`)).toMatchObject({ status: 200, body: { draft: false } });
      expect(await keysOf(world)).toHaveLength(1);
      expect(await isQuotaRight(world)).toBe(true);
    });

    it('after its end is unknown', async () => {
      const { world, ada } = await begin(openAdapters);
      const { id, event } = await attach(ada, LETTER, { draft: true });
      await world.deliver(event);
      await settle(world);
      const claimed = await ada.request('PATCH', `/attachments/${id}`, { body: { draft: false } });
      expect(claimed).toMatchObject({ status: 404 });
    });
  });
}

/** The same bytes, which are in `open` until they were read to their end or discarded. */
function watched({ info, body }: DownloadedFile, open: Set<object>): DownloadedFile {
  const chunks = body[Symbol.asyncIterator]();
  open.add(chunks);
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      const next = await chunks.next();
      if (next.done) open.delete(chunks);
      return next;
    },
    async return() {
      open.delete(chunks);
      return chunks.return?.() ?? { done: true, value: undefined };
    },
  };
  return { info, body: { [Symbol.asyncIterator]: () => iterator } };
}
