import { describe, expect, it } from 'vitest';
import type { Settings } from '../../shared/dependencies.ts';
import { askToAttach, LETTER } from './attached-files.ts';
import { type Client, clientOf, type Reply } from './client.ts';
import { expectAtRest, shownTo } from './observed-state.ts';
import { plainPicture } from './plain-pictures.ts';
import { drain, settle } from './settle.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

/** What counts towards the two caps on one person's open uploads, and what makes a place free. */
export function describeCapping(openAdapters: OpenAdapters): void {
  describe('the cap on uploads that wait for their bytes', () => {
    it('refuses one more with 429, and has a place again after each end', async () => {
      const { ada } = await begin(openAdapters, { openUploadsPerUser: 2 });
      const { uploadId } = accepted(await askFor(ada, 'a'));
      await askFor(ada, 'b');
      expect(await askFor(ada, 'c')).toMatchObject({ status: 429, body: { code: 'too_many_open' } });
      await ada.request('DELETE', `/uploads/${uploadId}`);
      expect(await askFor(ada, 'c')).toMatchObject({ status: 201 });
      expect(await askFor(ada, 'd')).toMatchObject({ status: 429 });
    });

    it('does not count what was sent, and has it processed although its event is lost', async () => {
      const { world, ada } = await begin(openAdapters, { openUploadsPerUser: 1 });
      const sent = await ada.send(await plainPicture('red'));
      world.lose(sent.event);
      for (const name of ['a', 'b']) await askFor(ada, name);
      expect(await world.metadata.getOwner(ADA)).toMatchObject({ pendingUploads: 1, sentUploads: 1 });
      expect(world.messages).toEqual([{ queue: 'uploads', body: JSON.stringify({ uploadId: sent.uploadId }) }]);
      await drain(world);
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
    });

    it('ends the oldest unused ticket for the same avatar to make a place for a new one, and no other', async () => {
      const { world, ada } = await begin(openAdapters, { openUploadsPerUser: 4 });
      const bot = clientOf(world, { sub: 'ada', avatar: { entityType: 'agents', entityId: 'bot' } });
      const [red, green] = await Promise.all([plainPicture('red'), plainPicture('green')]);
      const forBot = await bot.ticket(red);
      const tickets = [];
      for (let count = 0; count < 4; count += 1) tickets.push(await ada.ticket(green));
      const [first, ...others] = tickets.map(({ uploadId }) => uploadId);
      expect(await ada.upload(first ?? '')).toMatchObject({ status: 'superseded' });
      expect(await askFor(ada, 'a')).toMatchObject({
        status: 429,
        body: { uploadIds: [forBot.uploadId, ...others] },
      });
    });

    it('never ends a ticket whose bytes were sent: its image is shown until the newer one is', async () => {
      const { world, ada } = await begin(openAdapters, { openUploadsPerUser: 1 });
      const sent = await ada.send(await plainPicture('red'));
      const green = await plainPicture('green');
      const newer = await ada.ticket(green);
      await world.deliver(sent.event);
      expect(await shownTo(world, ada)).toBe('red');
      await ada.put(newer, green);
      await settle(world);
      expect(await shownTo(world, ada)).toBe('green');
      await expectAtRest(world, [ada]);
    });

    it('never ends a ticket of another caller for the same avatar', async () => {
      const { world, ada } = await begin(openAdapters, { openUploadsPerUser: 1 });
      const red = await plainPicture('red');
      await world.deliver((await ada.send(red)).event);
      const admin = clientOf(world, { sub: 'eve', roles: ['admin'], avatar: ada.avatar });
      const { uploadId } = await admin.ticket(red);
      for (let count = 0; count < 2; count += 1) await ada.ticket(red);
      expect(await admin.upload(uploadId)).toMatchObject({ status: 'pending' });
    });

    it('discards the bytes of a superseded ticket, whenever they come', async () => {
      const { world, ada } = await begin(openAdapters, { openUploadsPerUser: 1 });
      const [red, green] = await Promise.all([plainPicture('red'), plainPicture('green')]);
      const older = await ada.ticket(red);
      await ada.send(green);
      await drain(world);
      await ada.put(older, red);
      await settle(world);
      expect(await ada.upload(older.uploadId)).toMatchObject({ status: 'superseded' });
      expect(await shownTo(world, ada)).toBe('green');
      await expectAtRest(world, [ada]);
    });
  });

  describe('the cap on uploads that were sent and are not finished', () => {
    it('refuses the next ticket and the next crop with a time to come back, until one is finished', async () => {
      const { world, ada } = await begin(openAdapters, { openUploadsPerUser: 1, sentUploadsPerUser: 2 });
      await world.deliver((await ada.send(await plainPicture('red'))).event);
      const [one, two] = [await sendFile(world, ada, 'a'), await sendFile(world, ada, 'b')];
      const full = {
        status: 429,
        body: { code: 'too_many_open', uploadIds: expect.any(Array) },
        headers: { 'retry-after': '30' },
      };
      expect(await askFor(ada, 'c')).toMatchObject(full);
      expect(await ada.crop({ x: 0, y: 0, size: 0.5 })).toMatchObject(full);
      await world.deliver(one);
      expect(await ada.crop({ x: 0, y: 0, size: 0.5 })).toMatchObject({ status: 202 });
      expect(await askFor(ada, 'c')).toMatchObject(full);
      await world.deliver(two);
      expect(await askFor(ada, 'c')).toMatchObject({ status: 201 });
    });
  });

  describe('the list of open uploads', () => {
    it('has what waits and what is processed, the oldest first, and nothing that has ended', async () => {
      const { world, ada } = await begin(openAdapters);
      const sent = await ada.send(await plainPicture('red'));
      await world.deliver(sent.event);
      world.advance(1000);
      const { uploadId: waiting } = accepted(await askFor(ada, 'a'));
      world.advance(1000);
      const { uploadId: render } = (await ada.crop({ x: 0, y: 0, size: 0.5 })).body;
      const { body } = await ada.request('GET', '/uploads?status=open');
      expect(body.items).toMatchObject([
        { uploadId: waiting, kind: 'attachment', status: 'pending' },
        { uploadId: render, kind: 'render', status: 'pending' },
      ]);
      await settle(world);
      expect((await ada.request('GET', '/uploads?status=open')).body).toEqual({ items: [] });
    });
  });
}

const ADA = { organizationId: 'acme', ownerId: 'ada' };

async function begin(
  openAdapters: OpenAdapters,
  settings: Partial<Settings> = {},
): Promise<{ readonly world: World; readonly ada: Client }> {
  const world = await openWorld(openAdapters, { settings });
  return { world, ada: clientOf(world, { sub: 'ada' }) };
}

/** Asks for a ticket for an attachment. */
function askFor(ada: Client, name: string): Promise<Reply> {
  return askToAttach(ada, LETTER, {}, name);
}

function accepted({ status, body }: Reply): { readonly uploadId: string } {
  expect(status).toBe(201);
  return { uploadId: String(body.uploadId) };
}

/** Sends a file whose bytes are seen, and returns its event. */
async function sendFile(world: World, ada: Client, name: string) {
  const ticket = (await askFor(ada, name)).body as unknown as Parameters<Client['put']>[0];
  const event = await world.writeBytes(ticket, LETTER.bytes);
  await ada.request('GET', `/uploads/${ticket.uploadId}?wait=4`);
  return event;
}
