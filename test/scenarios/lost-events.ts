import { describe, expect, it } from 'vitest';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { LETTER, type SentFile } from './attached-files.ts';
import { complete, type Plan, planParts, type SentPart, sendParts } from './attached-parts.ts';
import { type Client, clientOf } from './client.ts';
import { failing } from './intercepted-port.ts';
import { passTime } from './passing-time.ts';
import { plainPicture } from './plain-pictures.ts';
import { drain } from './settle.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

const HOUR = 60;
const MILLISECONDS_PER_HOUR = 3_600_000;
const DOWN = new DependencyUnavailableError('down');
const MIB = 1024 ** 2;
/** Even a letter is sent in parts. */
const ATTACHMENTS = { maxBytes: MIB, types: ['*'], multipartThreshold: 1, stripMaxBytes: MIB };

/** Bytes that are stored are processed, whatever became of the event that should have said so. */
export function describeLostEvents(openAdapters: OpenAdapters): void {
  describe('a completed multipart upload', () => {
    it('is processed without the event of its storage', async () => {
      const { world, ada, plan } = await completed(openAdapters);
      await drain(world);
      expect(await ada.upload(plan.uploadId)).toMatchObject({ status: 'ready' });
    });

    it('is ready within a minute after an outage of an hour that used up every message', async () => {
      const { world, ada, plan } = await completed(openAdapters);
      await world.announce(plan.key);
      const outage = world.intercept(
        () => Promise.reject(DOWN),
        () => passTime(world, HOUR),
      );
      expect((await outage).dead).toBeGreaterThan(0);
      expect(world.messages).toEqual([]);
      await passTime(world, 1.1);
      expect(await ada.upload(plan.uploadId)).toMatchObject({ status: 'ready' });
    });

    it('is processed when it is completed again, if the first time went unrecorded', async () => {
      const { world, ada, plan, parts } = await withParts(openAdapters);
      const fault = failing('metadata.markSent', DOWN);
      expect(await world.intercept(fault, () => complete(ada, plan, parts))).toMatchObject({ status: 503 });
      expect(await complete(ada, plan, parts)).toMatchObject({ status: 202 });
      await drain(world);
      expect(await ada.upload(plan.uploadId)).toMatchObject({ status: 'ready' });
    });
  });

  describe('an upload whose event is lost', () => {
    it('is processed as soon as its creator waits for it', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { uploadId, event } = await ada.send(await plainPicture('red'));
      world.lose(event);
      await ada.request('GET', `/uploads/${uploadId}?wait=20`);
      expect(world.messages).toHaveLength(1);
      await drain(world);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'ready' });
    });
  });

  describe('a multipart upload near its end', () => {
    it('has no part signed beyond the time until which it accepts parts', async () => {
      const { world, ada, plan } = await withPlan(openAdapters);
      world.advance(23.5 * MILLISECONDS_PER_HOUR);
      const renewed = await ada.request('POST', `/uploads/${plan.uploadId}/ticket`);
      expect(renewed).toMatchObject({ status: 200, body: { expiresAt: plan.expiresAt } });
      const { body } = await signOne(ada, plan);
      const [part] = body.parts as { readonly expiresAt: string }[];
      expect(part?.expiresAt).toBe(plan.expiresAt);
    });

    it.each([24, 24.9])('is neither renewed nor has any part signed after %d hours', async (hours) => {
      const { world, ada, plan } = await withPlan(openAdapters);
      world.advance(hours * MILLISECONDS_PER_HOUR);
      const finished = { status: 409, body: { code: 'upload_finished' } };
      expect(await ada.request('POST', `/uploads/${plan.uploadId}/ticket`)).toMatchObject(finished);
      expect(await signOne(ada, plan)).toMatchObject(finished);
    });
  });
}

interface Planned {
  readonly world: World;
  readonly ada: Client;
  readonly plan: Plan & { readonly expiresAt: string };
}

const FILE: SentFile = LETTER;

async function withPlan(openAdapters: OpenAdapters): Promise<Planned> {
  const world = await openWorld(openAdapters, { settings: { attachments: ATTACHMENTS } });
  const ada = clientOf(world, { sub: 'ada' });
  return { world, ada, plan: (await planParts(ada, FILE)) as Planned['plan'] };
}

async function withParts(openAdapters: OpenAdapters): Promise<Planned & { readonly parts: readonly SentPart[] }> {
  const planned = await withPlan(openAdapters);
  return { ...planned, parts: await sendParts(planned.world, planned.ada, planned.plan, FILE) };
}

/** The storage's event is not sent. */
async function completed(openAdapters: OpenAdapters): Promise<Planned> {
  const { parts, ...planned } = await withParts(openAdapters);
  expect(await complete(planned.ada, planned.plan, parts)).toMatchObject({ status: 202 });
  return planned;
}

function signOne(ada: Client, { uploadId }: Plan) {
  return ada.request('POST', `/uploads/${uploadId}/parts`, { body: { partNumbers: [1] } });
}
