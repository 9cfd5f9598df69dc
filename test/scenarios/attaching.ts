import { describe, expect, it } from 'vitest';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { RETENTION } from '../../shared/metadata/retention.ts';
import { attach, isQuotaRight, keysOf, LETTER, VIRUS } from './attached-files.ts';
import { type Client, clientOf } from './client.ts';
import { failing, justBefore } from './intercepted-port.ts';
import { usageOf } from './observed-state.ts';
import { plainPicture } from './plain-pictures.ts';
import { drain, settle } from './settle.ts';
import { deliverToDyingWorker } from './worker-death.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

const NOTHING = { bytes: 0, files: 0, openUploads: 0 };

async function begin(openAdapters: OpenAdapters): Promise<{ world: World; ada: Client }> {
  const world = await openWorld(openAdapters);
  return { world, ada: clientOf(world, { sub: 'ada' }) };
}

/** Attachments over time: whatever comes twice, late or never, what is stored is what is recorded and charged. */
export function describeAttaching(openAdapters: OpenAdapters): void {
  describe('an attachment', () => {
    it('is ready once its event came, however often it comes', async () => {
      const { world, ada } = await begin(openAdapters);
      const { id, event } = await attach(ada, await plainPicture('red'));
      for (let times = 0; times < 3; times++) expect(await world.deliver(event)).toBe('acknowledged');
      expect(await ada.upload(id)).toMatchObject({
        status: 'ready',
        attachment: { id, width: expect.any(Number) },
      });
      const keys = await keysOf(world);
      expect(keys.map((key) => key.replace(/\/.*\./, '/*.'))).toEqual(['attachments/*.png', 'previews/*.webp']);
      expect(await isQuotaRight(world)).toBe(true);
    });

    it.each(['storage.copyFile', 'metadata.publishAttachment'])(
      'is brought to its end by another worker when the first dies at %s',
      async (call) => {
        const { world, ada } = await begin(openAdapters);
        const { id, event } = await attach(ada, LETTER);
        expect(await deliverToDyingWorker(world, event, (name) => name === call)).toBe('died');
        await settle(world);
        expect(await ada.upload(id)).toMatchObject({ status: 'ready' });
        expect(await keysOf(world)).toHaveLength(1);
        expect(await isQuotaRight(world)).toBe(true);
      },
    );

    it('that is rejected leaves no object and holds no quota', async () => {
      const { world, ada } = await begin(openAdapters);
      const { id, event } = await attach(ada, VIRUS);
      await world.deliver(event);
      expect(await ada.upload(id)).toMatchObject({ status: 'rejected', code: 'infected' });
      expect(await keysOf(world)).toEqual([]);
      expect(await usageOf(world)).toEqual(NOTHING);
    });

    it('of an organization that is closed meanwhile is superseded, and leaves no object', async () => {
      const { world, ada } = await begin(openAdapters);
      const { id, event } = await attach(ada, LETTER);
      const limits = { organizationBytes: 1, organizationFiles: 1 };
      const close = justBefore('metadata.publishAttachment', () =>
        world.metadata.setOrganizationState({ organizationId: 'acme', state: 'erasing', limits }),
      );
      await world.intercept(close, () => world.deliver(event));
      expect(await world.metadata.getUpload({ uploadId: id })).toMatchObject({ status: 'superseded' });
      await settle(world);
      expect(await keysOf(world)).toEqual([]);
    });

    it.each(['by its message', 'by the sweep, when the message is lost', 'when no message could be sent'])(
      'that is deleted is removed %s',
      async (how) => {
        const { world, ada } = await begin(openAdapters);
        const { id, event } = await attach(ada, await plainPicture('red'));
        await world.deliver(event);
        const silent = failing('queues.sendPurge', new DependencyUnavailableError('no queue'));
        const remove = () => ada.request('DELETE', `/attachments/${id}`);
        const reply = await (how.startsWith('when') ? world.intercept(silent, remove) : remove());
        expect(reply).toMatchObject({ status: 204 });
        expect(await ada.request('GET', `/attachments/${id}`)).toMatchObject({ status: 404 });
        expect(await usageOf(world)).toEqual(NOTHING);
        if (how.startsWith('by its')) await drain(world);
        else {
          for (const message of [...world.messages]) world.lose(message);
          expect(await world.sweep()).toMatchObject({ removed: 1 });
        }
        expect(await keysOf(world)).toEqual([]);
        expect(await world.metadata.getAttachment({ fileId: id })).toBeUndefined();
      },
    );
  });

  describe('a draft', () => {
    it('is removed after a day, and releases its quota', async () => {
      const { world, ada } = await begin(openAdapters);
      const { id, event } = await attach(ada, LETTER, { draft: true });
      await world.deliver(event);
      world.advance(RETENTION.draft - 1000);
      await world.sweep();
      expect(await ada.request('GET', `/attachments/${id}`)).toMatchObject({ status: 200 });
      world.advance(2000);
      expect(await world.sweep()).toMatchObject({ removed: 1 });
      expect(await ada.request('GET', `/attachments/${id}`)).toMatchObject({ status: 404 });
      expect(await keysOf(world)).toEqual([]);
      expect(await usageOf(world)).toEqual(NOTHING);
    });

    it('stays once it is claimed', async () => {
      const { world, ada } = await begin(openAdapters);
      const { id, event } = await attach(ada, LETTER, { draft: true });
      await world.deliver(event);
      const claimed = await ada.request('PATCH', `/attachments/${id}`, { body: { draft: false } });
      expect(claimed).toMatchObject({ status: 200 });
      await settle(world);
      expect(await ada.request('GET', `/attachments/${id}`)).toMatchObject({ status: 200, body: { draft: false } });
      expect(await keysOf(world)).toHaveLength(1);
    });
  });
}
