import { describe, expect, it } from 'vitest';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { readWhole } from '../../shared/storage/storage-backend.ts';
import { askToAttach, isQuotaRight, keysOf, type SentFile } from './attached-files.ts';
import { complete, keptParts, type Plan, planParts, sendParts } from './attached-parts.ts';
import { type Client, clientOf, type Reply } from './client.ts';
import { failing, type Interceptor, justBefore } from './intercepted-port.ts';
import { usageOf } from './observed-state.ts';
import { drain, settle } from './settle.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

const NOTHING = { bytes: 0, files: 0, openUploads: 0 };
const HOUR = 3_600_000;
const MIB = 1024 ** 2;

/** Two parts, the second of a few bytes. */
const FILM: SentFile = { bytes: Buffer.alloc(16 * MIB + 10, 'film '), contentType: 'application/x-film' };
/** One part is enough to look at what becomes of it. */
const NOTE: SentFile = { bytes: Buffer.alloc(100, 'note '), contentType: 'text/plain' };

async function begin(openAdapters: OpenAdapters, multipartThreshold = 64): Promise<{ world: World; ada: Client }> {
  const attachments = { maxBytes: 100 * MIB, types: ['*'], multipartThreshold, stripMaxBytes: MIB };
  const world = await openWorld(openAdapters, { settings: { attachments, organizationBytes: 20 * MIB } });
  return { world, ada: clientOf(world, { sub: 'ada' }) };
}

async function statusOf({ metadata }: World, { uploadId }: Plan): Promise<string | undefined> {
  return (await metadata.getUpload({ uploadId }))?.status;
}

function abort(ada: Client, { uploadId }: Plan): Promise<Reply> {
  return ada.request('DELETE', `/uploads/${uploadId}`);
}

/** Large files over time: whatever of them comes twice, late or never, nothing is left that is not charged. */
export function describeAttachingInParts(openAdapters: OpenAdapters): void {
  describe('a multipart upload', () => {
    it('is one file once it was completed and its event came, however often either comes', async () => {
      const { world, ada } = await begin(openAdapters, 6 * MIB);
      const plan = await planParts(ada, FILM);
      const parts = await sendParts(world, ada, plan, FILM);
      expect(parts.map(({ partNumber }) => partNumber)).toEqual([2, 1]);
      for (let times = 0; times < 2; times++) expect(await complete(ada, plan, parts)).toMatchObject({ status: 202 });
      const event = await world.announce(plan.key);
      for (let times = 0; times < 2; times++) {
        expect(await world.deliver(event)).toBe('acknowledged');
        expect(await complete(ada, plan, parts)).toMatchObject({ status: 202, body: { status: 'ready' } });
      }
      const file = await world.metadata.getAttachment({ fileId: plan.uploadId });
      expect(file).toMatchObject({ size: FILM.bytes.length, contentType: FILM.contentType });
      expect(await keysOf(world)).toEqual([file?.key]);
      const served = file && (await readWhole(await world.storage.downloadFile({ key: file.key })));
      expect(served && Buffer.compare(served, FILM.bytes)).toBe(0);
      expect(await keptParts(world, plan.uploadId)).toBeUndefined();
      expect(await isQuotaRight(world)).toBe(true);
    });

    it('is processed although its event is lost: the completion sends a message, once', async () => {
      const { world, ada } = await begin(openAdapters);
      const plan = await planParts(ada, NOTE);
      const parts = await sendParts(world, ada, plan, NOTE);
      for (let times = 0; times < 2; times++) await complete(ada, plan, parts);
      expect(world.messages).toEqual([{ queue: 'uploads', body: JSON.stringify({ uploadId: plan.uploadId }) }]);
      await drain(world);
      expect(await statusOf(world, plan)).toBe('ready');
      expect(await keysOf(world)).toHaveLength(1);
      expect(await isQuotaRight(world)).toBe(true);
    });

    it('is found by the sweep within 15 minutes when that message is lost too', async () => {
      const { world, ada } = await begin(openAdapters);
      const plan = await planParts(ada, NOTE);
      const silent = failing('queues.sendUpload', new DependencyUnavailableError('no queue'));
      const parts = await sendParts(world, ada, plan, NOTE);
      expect(await world.intercept(silent, () => complete(ada, plan, parts))).toMatchObject({ status: 202 });
      world.advance(15 * 60_000);
      expect(await world.sweep()).toMatchObject({ redriven: 1, expired: 0 });
      await drain(world);
      expect(await statusOf(world, plan)).toBe('ready');
    });

    it('that is never completed expires after a day and an hour, with the parts that came, and its quota is free', async () => {
      const { world, ada } = await begin(openAdapters);
      const plan = await planParts(ada, NOTE);
      await sendParts(world, ada, plan, NOTE);
      world.advance(25 * HOUR - 1000);
      await world.sweep();
      expect(await statusOf(world, plan)).toBe('pending');
      expect(await keptParts(world, plan.uploadId)).toEqual([1]);
      world.advance(2000);
      expect(await world.sweep()).toMatchObject({ expired: 1 });
      expect(await statusOf(world, plan)).toBe('expired');
      expect(await usageOf(world)).toEqual(NOTHING);
      expect(await world.sweep()).toMatchObject({ cleaned: 1 });
      expect(await keptParts(world, plan.uploadId)).toBeUndefined();
    });

    it('that is aborted drops its parts, and releases its quota once', async () => {
      const { world, ada } = await begin(openAdapters);
      const plan = await planParts(ada, NOTE);
      const parts = await sendParts(world, ada, plan, NOTE);
      for (let times = 0; times < 2; times++) {
        expect(await abort(ada, plan)).toMatchObject({ status: 204 });
      }
      expect(await keptParts(world, plan.uploadId)).toBeUndefined();
      expect(await usageOf(world)).toEqual(NOTHING);
      expect(await complete(ada, plan, parts)).toMatchObject({ status: 409, body: { uploadStatus: 'aborted' } });
    });

    it('that is aborted while storage is throttled has its parts removed by the sweep', async () => {
      const { world, ada } = await begin(openAdapters);
      const plan = await planParts(ada, NOTE);
      await sendParts(world, ada, plan, NOTE);
      const fault = failing('storage.abortMultipartUpload', new DependencyUnavailableError('slow down'));
      expect(await world.intercept(fault, () => abort(ada, plan))).toMatchObject({ status: 204 });
      expect(await usageOf(world)).toEqual(NOTHING);
      expect(await keptParts(world, plan.uploadId)).toEqual([1]);
      await settle(world);
      expect(await keptParts(world, plan.uploadId)).toBeUndefined();
    });

    it('that is completed at the moment it expires is processed', async () => {
      const { world, ada } = await begin(openAdapters);
      const plan = await planParts(ada, NOTE);
      const parts = await sendParts(world, ada, plan, NOTE);
      world.advance(26 * HOUR);
      const completing = justBefore('metadata.expireUpload', async () => {
        expect(await complete(ada, plan, parts)).toMatchObject({ status: 202 });
      });
      await world.intercept(completing, () => world.sweep());
      await settle(world);
      expect(await statusOf(world, plan)).toBe('ready');
    });

    it('that is completed at the moment it is aborted leaves nothing', async () => {
      const { world, ada } = await begin(openAdapters);
      const plan = await planParts(ada, NOTE);
      const parts = await sendParts(world, ada, plan, NOTE);
      const completing = justBefore('metadata.abortUpload', async () => void (await complete(ada, plan, parts)));
      await world.intercept(completing, () => abort(ada, plan));
      await world.deliver(await world.announce(plan.key));
      expect(await statusOf(world, plan)).toBe('aborted');
      expect(await keysOf(world)).toEqual([]);
      expect(await usageOf(world)).toEqual(NOTHING);
      expect(await complete(ada, plan, parts)).toMatchObject({ status: 409 });
    });

    it('is aborted again when there is no quota for it', async () => {
      const { world, ada } = await begin(openAdapters);
      const calls: string[] = [];
      const note: Interceptor = (call, proceed) => {
        calls.push(call);
        return proceed();
      };
      const tooLarge = { ...FILM, bytes: { length: 21 * MIB } as Uint8Array };
      const reply = await world.intercept(note, () => askToAttach(ada, tooLarge));
      expect(reply).toMatchObject({ status: 409, body: { code: 'quota_exceeded' } });
      expect(calls.filter((call) => call.includes('Multipart'))).toEqual([
        'storage.createMultipartUpload',
        'storage.abortMultipartUpload',
      ]);
      expect(await usageOf(world)).toEqual(NOTHING);
    });

    it('is the same for a client that repeats its request because the first response was lost', async () => {
      const { world, ada } = await begin(openAdapters);
      const lost: Interceptor = async (call, proceed) => {
        const response = await proceed();
        if (call === 'metadata.issueUpload') throw new DependencyUnavailableError('its response was lost');
        return response;
      };
      expect(await world.intercept(lost, () => askToAttach(ada, NOTE))).toMatchObject({ status: 503 });
      const plan = await planParts(ada, NOTE);
      const parts = await sendParts(world, ada, plan, NOTE);
      expect(await complete(ada, plan, parts)).toMatchObject({ status: 202 });
      await world.announce(plan.key);
      await settle(world);
      expect(await statusOf(world, plan)).toBe('ready');
      expect(await isQuotaRight(world)).toBe(true);
    });
  });
}
