import { describe, expect, it } from 'vitest';
import type { UploadTicket } from '../../shared/api/schemas.ts';
import { type Client, clientOf } from './client.ts';
import { expectAtRest, shownTo, usageOf } from './observed-state.ts';
import { plainPicture } from './plain-pictures.ts';
import { drain, settle } from './settle.ts';
import { deliverToDyingWorker } from './worker-death.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

const LIMITS = { organizationBytes: 10_000, organizationFiles: 10 };

/** Kill switch, quota and repeated requests. */
export function describeLimits(openAdapters: OpenAdapters): void {
  describe('the kill switch', () => {
    it('refuses tickets with 503 and a time to come back, while what was sent is processed', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { uploadId, event } = await ada.send(await plainPicture('red'));
      await world.metadata.setSwitches({ uploadsPaused: true, reason: 'maintenance until noon' });
      world.advance(10_000);
      const refused = await ada.askForTicket(await plainPicture('green'));
      expect(refused).toMatchObject({
        status: 503,
        body: { code: 'uploads_paused', detail: 'maintenance until noon' },
      });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      await world.deliver(event);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'ready' });
      expect(await shownTo(world, ada)).toBe('red');
      expect(await ada.crop({ x: 0, y: 0, size: 0.5 })).toMatchObject({ status: 503 });
      expect(await ada.delete()).toMatchObject({ status: 204 });
    });

    it('is seen 10 seconds after it was switched, not later', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const red = await plainPicture('red');
      expect(await ada.askForTicket(red)).toMatchObject({ status: 201 });
      await world.metadata.setSwitches({ uploadsPaused: true });
      world.advance(9_999);
      expect(await ada.askForTicket(red)).toMatchObject({ status: 201 });
      world.advance(1);
      expect(await ada.askForTicket(red)).toMatchObject({ status: 503 });
      await world.metadata.setSwitches({ uploadsPaused: false });
      world.advance(10_000);
      expect(await ada.askForTicket(red)).toMatchObject({ status: 201 });
    });
  });

  describe('an organization that is paused', () => {
    it('gets no tickets, keeps its images and finishes what was begun', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { uploadId, event } = await ada.send(await plainPicture('red'));
      await world.metadata.setOrganizationState({ organizationId: 'acme', state: 'paused', limits: LIMITS });
      expect(await ada.askForTicket(await plainPicture('green'))).toMatchObject({
        status: 403,
        body: { code: 'organization_closed' },
      });
      await world.deliver(event);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'ready' });
      expect(await shownTo(world, ada)).toBe('red');
      expect(
        await clientOf(world, { sub: 'bob', organization: 'other' }).askForTicket(await plainPicture('red')),
      ).toMatchObject({
        status: 201,
      });
    });

    it('publishes nothing more once it is being erased', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { uploadId, event } = await ada.send(await plainPicture('red'));
      await world.metadata.setOrganizationState({ organizationId: 'acme', state: 'erasing', limits: LIMITS });
      await world.deliver(event);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'superseded' });
      expect(await shownTo(world, ada)).toBeUndefined();
    });
  });

  describe('the quota', () => {
    it('grants 6 of 50 tickets that are requested at once when there is room for 6', async () => {
      const world = await openWorld(openAdapters, { settings: { organizationFiles: 6 } });
      const red = await plainPicture('red');
      const clients = Array.from({ length: 50 }, (_, index) => clientOf(world, { sub: `user-${index}` }));
      const replies = await Promise.all(clients.map((client) => client.askForTicket(red)));
      const granted = replies.filter(({ status }) => status === 201);
      expect(granted).toHaveLength(6);
      for (const reply of replies) {
        if (reply.status !== 201) expect(reply).toMatchObject({ status: 409, body: { code: 'quota_exceeded' } });
      }
      expect(await usageOf(world)).toEqual({ bytes: 6 * red.bytes.length, files: 6, openUploads: 6 });
      await settle(world);
      await expectAtRest(world, clients);
    });

    it('counts bytes as it counts files', async () => {
      const red = await plainPicture('red');
      const world = await openWorld(openAdapters, { settings: { organizationBytes: 3 * red.bytes.length + 1 } });
      const clients = Array.from({ length: 10 }, (_, index) => clientOf(world, { sub: `user-${index}` }));
      const replies = await Promise.all(clients.map((client) => client.askForTicket(red)));
      expect(replies.filter(({ status }) => status === 201)).toHaveLength(3);
    });

    it.each(Object.entries(ENDINGS))('is released exactly once by an upload that ends %s', async (status, end) => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const ticket = await ada.ticket(await plainPicture('red'));
      await end(world, ada, ticket);
      expect(await ada.upload(ticket.uploadId)).toMatchObject({ status });
      const used = await usageOf(world);
      expect(used).toMatchObject({ openUploads: 0 });

      const again = { queue: 'uploads', body: JSON.stringify({ uploadId: ticket.uploadId }) } as const;
      for (let times = 0; times < 3; times += 1) await world.deliver(again);
      await ada.request('DELETE', `/uploads/${ticket.uploadId}`);
      world.advance(2 * 3_600_000);
      await world.sweep();
      expect(await ada.upload(ticket.uploadId)).toMatchObject({ status });
      expect(await usageOf(world)).toEqual(used);
      await settle(world);
      await expectAtRest(world, [ada]);
    });
  });

  describe('a request that is repeated', () => {
    it('reserves nothing twice and gets the same upload, signed again', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const red = await plainPicture('red');
      const first = await ada.ticket(red, { idempotencyKey: 'key-1' });
      world.advance(60_000);
      const second = await ada.ticket(red, { idempotencyKey: 'key-1' });
      expect(second.uploadId).toBe(first.uploadId);
      expect(second.expiresAt > first.expiresAt).toBe(true);
      expect(await usageOf(world)).toEqual({ bytes: red.bytes.length, files: 1, openUploads: 1 });
    });

    it('is refused for another request under the same key', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      await ada.ticket(await plainPicture('red'), { idempotencyKey: 'key-1' });
      const other = await ada.askForTicket(await plainPicture('green'), { idempotencyKey: 'key-1' });
      expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    });

    it('is refused, with the state of the upload, once that has ended', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const red = await plainPicture('red');
      const { uploadId, event } = await ada.send(red, { idempotencyKey: 'key-1' });
      await world.deliver(event);
      const finished = { status: 409, body: { code: 'upload_finished', uploadId, uploadStatus: 'ready' } };
      expect(await ada.askForTicket(red, { idempotencyKey: 'key-1' })).toMatchObject(finished);
      expect(await ada.request('POST', `/uploads/${uploadId}/ticket`)).toMatchObject(finished);
      await expectAtRest(world, [ada]);
    });
  });
}

type Ending = (world: World, ada: Client, ticket: UploadTicket) => Promise<void>;

/** Terminal status -> one way there for a ticket for the red image. */
const ENDINGS: Readonly<Record<string, Ending>> = {
  async ready(world, ada, ticket) {
    await ada.put(ticket, await plainPicture('red'));
    await drain(world);
  },
  async rejected(world, ada, ticket) {
    const event = await ada.put(ticket, await plainPicture('green'));
    // The worker dies after the end and before its clean-up; the next delivery meets the ended upload.
    await deliverToDyingWorker(world, event, (call) => call === 'storage.deleteFile');
    await drain(world);
  },
  async superseded(world, ada, ticket) {
    await ada.put(ticket, await plainPicture('red'));
    await ada.delete();
    await drain(world);
  },
  async expired(world) {
    world.advance(2 * 3_600_000);
    await world.sweep();
  },
  async aborted(_world, ada, ticket) {
    await ada.request('DELETE', `/uploads/${ticket.uploadId}`);
  },
};
