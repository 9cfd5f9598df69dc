import { describe, expect, it } from 'vitest';
import type { UploadTicket } from '../../shared/api/schemas.ts';
import { askToAttach, LETTER } from './attached-files.ts';
import { type Client, clientOf, type Reply } from './client.ts';
import { justBefore } from './intercepted-port.ts';
import { expectAtRest, shownTo, usageOf } from './observed-state.ts';
import { plainPicture } from './plain-pictures.ts';
import { settle } from './settle.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

/** The defaults of OPEN_UPLOADS_PER_USER and SENT_UPLOADS_PER_USER. */
const CAP = 20;
const DEFAULTS = { openUploadsPerUser: CAP, sentUploadsPerUser: 200 };

/** What one person may have open: the cap is there for tickets that are never used. */
export function describeOpenTickets(openAdapters: OpenAdapters): void {
  describe('the cap on open uploads', () => {
    it('lets one person send 40 files, six at a time, before any of them is processed', async () => {
      const { world, ada } = await begin(openAdapters);
      const ids: string[] = [];
      const waiting = Array.from({ length: 40 }, (_, index) => `file-${index}`);
      const senders = Array.from({ length: 6 }, async () => {
        for (let file = waiting.shift(); file; file = waiting.shift()) ids.push(await send(ada, file));
      });
      await Promise.all(senders);
      expect(ids).toHaveLength(40);
      expect((await usageOf(world)).openUploads).toBe(40);
    });

    it('lets the newest ticket for an avatar supersede the oldest unused one', async () => {
      const { world, ada } = await begin(openAdapters);
      const first = await ada.ticket(await plainPicture('red'));
      for (let count = 1; count < CAP; count += 1) await ada.ticket(await plainPicture('red'));
      const { uploadId, event } = await ada.send(await plainPicture('green'));
      expect(await ada.upload(first.uploadId)).toMatchObject({ status: 'superseded' });
      await world.deliver(event);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'ready' });
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('is free again once the avatar whose tickets were lost is deleted', async () => {
      const { world, ada } = await begin(openAdapters);
      for (let count = 0; count < CAP; count += 1) await ada.ticket(await plainPicture('red'));
      expect(await ada.delete()).toMatchObject({ status: 204 });
      expect(await askFor(ada, 'file')).toMatchObject({ status: 201 });
      expect((await usageOf(world)).openUploads).toBe(1);
    });

    it('keeps a ticket that is issued while an earlier delete ends the lost ones', async () => {
      const { world, ada } = await begin(openAdapters);
      const green = await plainPicture('green');
      const lost = await ada.ticket(green);
      let newer: UploadTicket | undefined;
      const ask = justBefore('metadata.openUploads', async () => {
        newer = await ada.ticket(green);
      });
      await world.intercept(ask, () => ada.delete());
      expect(await ada.upload(lost.uploadId)).toMatchObject({ status: 'superseded' });
      if (!newer) throw new Error('expected a ticket');
      await ada.put(newer, green);
      await settle(world);
      expect(await shownTo(world, ada)).toBe('green');
      await expectAtRest(world, [ada]);
    });

    it('ends no ticket for one that is refused all the same, because there is no room for its bytes', async () => {
      const settings = { ...DEFAULTS, openUploadsPerUser: 1, organizationBytes: 1_000 };
      const world = await openWorld(openAdapters, { settings });
      const ada = clientOf(world, { sub: 'ada' });
      const small = { ...(await plainPicture('red')), bytes: Buffer.alloc(10) };
      const { uploadId } = await ada.ticket(small);
      await expect(ada.ticket({ ...small, bytes: Buffer.alloc(5_000) })).rejects.toThrow('quota_exceeded');
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'pending' });
    });

    it('refuses a file with the ids of the tickets in its way and the time until the first one expires', async () => {
      const { world, ada } = await begin(openAdapters);
      const ids = await loseTickets(world, ada);
      world.advance(10 * 60_000);
      const refused = await askFor(ada, 'another');
      expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_open', uploadIds: ids } });
      const seconds = Number(refused.headers['retry-after']);
      expect(seconds).toBeLessThan(60 * 60);
      world.advance(seconds * 1000);
      expect(await askFor(ada, 'another')).toMatchObject({ status: 201 });
      expect(await ada.upload(ids[0] ?? '')).toMatchObject({ status: 'expired' });
    });

    it('frees the place of a ticket that its owner finds in the list of open uploads and aborts', async () => {
      const { world, ada } = await begin(openAdapters);
      const ids = await loseTickets(world, ada);
      const { status, body } = await ada.request('GET', '/uploads?status=open');
      expect(status).toBe(200);
      const listed = (body.items as { readonly uploadId: string }[]).map(({ uploadId }) => uploadId);
      expect(listed).toEqual(ids);
      await ada.request('DELETE', `/uploads/${listed[0]}`);
      expect(await askFor(ada, 'another')).toMatchObject({ status: 201 });
    });

    it("never lists another person's uploads", async () => {
      const { world, ada } = await begin(openAdapters);
      await askFor(ada, 'file');
      const admin = clientOf(world, { sub: 'bob', roles: ['admin'] });
      expect((await admin.request('GET', '/uploads?status=open')).body).toEqual({ items: [] });
    });
  });
}

async function begin(openAdapters: OpenAdapters): Promise<{ readonly world: World; readonly ada: Client }> {
  const world = await openWorld(openAdapters, { settings: DEFAULTS });
  return { world, ada: clientOf(world, { sub: 'ada' }) };
}

/** Asks for a ticket for an attachment. */
function askFor(ada: Client, name: string): Promise<Reply> {
  return askToAttach(ada, LETTER, {}, name);
}

/** Asks for a ticket and sends the bytes; nothing is processed. */
async function send(ada: Client, name: string): Promise<string> {
  const { status, body } = await askFor(ada, name);
  expect(status).toBe(201);
  const ticket = body as unknown as UploadTicket;
  await ada.put(ticket, LETTER as Parameters<Client['put']>[1]);
  return ticket.uploadId;
}

/** As many tickets as the cap allows, one a second, none of which is ever used. */
async function loseTickets(world: World, ada: Client): Promise<string[]> {
  const ids: string[] = [];
  for (let count = 0; count < CAP; count += 1) {
    ids.push(String((await askFor(ada, `lost-${count}`)).body.uploadId));
    world.advance(1000);
  }
  return ids;
}
