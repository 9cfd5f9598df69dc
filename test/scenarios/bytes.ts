import { describe, expect, it } from 'vitest';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { RETENTION } from '../../shared/metadata/retention.ts';
import type { StorageKey } from '../../shared/storage/object-keys.ts';
import { heicFile, SVG_FILES, truncated } from '../fixtures/hostile-files.ts';
import { clientOf } from './client.ts';
import { failing, justBefore } from './intercepted-port.ts';
import { expectAtRest, objectsOf, shownTo, usageOf } from './observed-state.ts';
import { type Picture, plainPicture } from './plain-pictures.ts';
import { drain, nextDue, settle } from './settle.ts';
import { deliverToDyingWorker } from './worker-death.ts';
import { type OpenAdapters, openWorld } from './world.ts';

const HOUR = 3_600_000;
const NOTHING = { bytes: 0, files: 0, openUploads: 0 };

/** What becomes of bytes that are good, bad, late, lost or sent twice. */
export function describeBytes(openAdapters: OpenAdapters): void {
  describe('what is sent', () => {
    it.each([
      ['a truncated image', 'image_damaged', async () => truncated((await plainPicture('red')).bytes, 0.6)],
      ['an SVG named PNG', 'svg_unsupported', async () => SVG_FILES.plain],
      ['a HEIC named PNG', 'heic_unsupported', async () => heicFile()],
      ['text named PNG', 'type_not_allowed', async () => Buffer.from('words')],
    ] as const)('is rejected for good when it is %s, and the image before stays', async (_, code, make) => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      await ada.send(await plainPicture('green'));
      await drain(world);
      const { uploadId, event } = await ada.send(asPng((await make()) ?? Buffer.alloc(0)));
      expect(await world.deliver(event)).toBe('acknowledged');
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'rejected', code });
      expect(await shownTo(world, ada)).toBe('green');
      await expectAtRest(world, [ada]);
    });

    it('is published under the type it has, not the one it was declared as', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { uploadId } = await ada.send(asPng((await plainPicture('red', 'jpeg')).bytes));
      await drain(world);
      expect((await objectsOf(world)).map(({ key }) => key)).toContain(`avatars/users/ada/${uploadId}/original.jpg`);
      await expectAtRest(world, [ada]);
    });

    it('is rejected as infected when a good image carries the EICAR signature', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { bytes } = await plainPicture('red');
      const { uploadId, event } = await ada.send(asPng(Buffer.concat([bytes, EICAR])));
      await world.deliver(event);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'rejected', code: 'infected' });
      expect(await shownTo(world, ada)).toBeUndefined();
      expect(await usageOf(world)).toEqual(NOTHING);
      await expectAtRest(world, [ada]);
    });

    it('is rejected when the crop reaches outside of it', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const crop = { x: 0.8, y: 0, size: 0.5 };
      const { uploadId, event } = await ada.send(await plainPicture('red'), { crop });
      await world.deliver(event);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'rejected', code: 'crop_outside_image' });
      await expectAtRest(world, [ada]);
    });

    it('is rejected when it has another length than its ticket', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const ticket = await ada.ticket(await plainPicture('red'));
      await world.deliver(await ada.put(ticket, await plainPicture('green')));
      expect(await ada.upload(ticket.uploadId)).toMatchObject({ status: 'rejected', code: 'upload_changed' });
      await expectAtRest(world, [ada]);
    });

    it('is lost when it disappears while it is processed', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { uploadId, key, event } = await ada.send(await plainPicture('red'));
      const lose = justBefore('storage.downloadFile', () => world.storage.deleteFile({ key: key as StorageKey }));
      expect(await world.intercept(lose, () => world.deliver(event))).toBe('acknowledged');
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'rejected', code: 'upload_lost' });
      await expectAtRest(world, [ada]);
    });

    it('is lost when it disappears between two attempts, and nothing of the first one is left', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { uploadId, key, event } = await ada.send(await plainPicture('red'));
      await deliverToDyingWorker(world, event, (call) => call === 'metadata.publishAvatar');
      await world.storage.deleteFile({ key: key as StorageKey });
      await settle(world);
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'rejected', code: 'upload_lost' });
      expect(await shownTo(world, ada)).toBeUndefined();
      await expectAtRest(world, [ada]);
    });
  });

  describe('a form that is sent twice with different bytes', () => {
    it('counts in the version that its worker saw first', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const [red, green] = samePaddedLength(await plainPicture('red'), await plainPicture('green'));
      const sent = await ada.send(red, { method: 'POST' });
      const again = justBefore('storage.downloadFile', () => ada.put(sent, green));
      await world.intercept(again, () => world.deliver(sent.event));
      await drain(world);
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'rejected', code: 'upload_changed' });
      expect(await shownTo(world, ada)).toBeUndefined();
      await expectAtRest(world, [ada]);
    });

    it.each(['storage.downloadFile', 'storage.uploadFile', 'metadata.publishAvatar'])(
      'is rejected when it changes after a worker died at %s, and nothing of it is left',
      async (lastCall) => {
        const world = await openWorld(openAdapters);
        const ada = clientOf(world, { sub: 'ada' });
        await ada.send(await plainPicture('blue'));
        await drain(world);
        const [red, green] = samePaddedLength(await plainPicture('red'), await plainPicture('green'));
        const sent = await ada.send(red, { method: 'POST' });
        expect(await deliverToDyingWorker(world, sent.event, (call) => call === lastCall)).toBe('died');
        await ada.put(sent, green);
        await settle(world);
        expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'rejected', code: 'upload_changed' });
        expect(await shownTo(world, ada)).toBe('blue');
        await expectAtRest(world, [ada]);
      },
    );

    it('changes nothing any more once the first bytes are published', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const [red, green] = samePaddedLength(await plainPicture('red'), await plainPicture('green'));
      const sent = await ada.send(red, { method: 'POST' });
      await world.deliver(sent.event);
      await ada.put(sent, green);
      await drain(world);
      expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
      expect(await shownTo(world, ada)).toBe('red');
      await expectAtRest(world, [ada]);
    });
  });

  describe('a ticket that is never used', () => {
    it('expires once its bytes cannot come any more, and releases its quota', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const red = await plainPicture('red');
      const { uploadId } = await ada.ticket(red);
      world.advance(HOUR);
      expect(await world.sweep()).toMatchObject({ expired: 0 });
      expect(await usageOf(world)).toEqual({ bytes: red.bytes.length, files: 1, openUploads: 1 });
      world.advance(HOUR);
      expect(await world.sweep()).toMatchObject({ expired: 1 });
      expect(await ada.upload(uploadId)).toMatchObject({ status: 'expired' });
      await expectAtRest(world, [ada]);
    });

    it('takes no bytes after that: they are discarded', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const red = await plainPicture('red');
      const ticket = await ada.ticket(red);
      world.advance(2 * HOUR);
      await world.sweep();
      expect(await world.deliver(await ada.put(ticket, red))).toBe('acknowledged');
      expect(await ada.upload(ticket.uploadId)).toMatchObject({ status: 'expired' });
      await expectAtRest(world, [ada]);
    });

    it('is next due when its time is over, not each minute, after a message that came too early', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const { uploadId } = await ada.ticket(await plainPicture('red'));
      const end = await nextDue(world);
      const early = { queue: 'uploads', body: JSON.stringify({ uploadId }) } as const;
      const throttled = failing('storage.getFileInfo', new DependencyUnavailableError('slow down'));
      await world.intercept(throttled, () => world.deliver(early));
      world.advance(RETENTION.redriveDelay);
      expect(await world.sweep()).toMatchObject({ left: 1 });
      expect(await nextDue(world)).toEqual(end);
    });

    it('lives on when it is signed again', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const red = await plainPicture('red');
      const ticket = await ada.ticket(red);
      world.advance(HOUR);
      expect(await ada.request('POST', `/uploads/${ticket.uploadId}/ticket`)).toMatchObject({ status: 200 });
      world.advance(HOUR);
      expect(await world.sweep()).toMatchObject({ expired: 0 });
      await world.deliver(await ada.put(ticket, red));
      expect(await ada.upload(ticket.uploadId)).toMatchObject({ status: 'ready' });
    });

    it('takes no bytes after it was aborted: they are discarded', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const red = await plainPicture('red');
      const ticket = await ada.ticket(red);
      expect(await ada.request('DELETE', `/uploads/${ticket.uploadId}`)).toMatchObject({ status: 204 });
      expect(await usageOf(world)).toEqual(NOTHING);
      await world.deliver(await ada.put(ticket, red));
      expect(await ada.upload(ticket.uploadId)).toMatchObject({ status: 'aborted' });
      await expectAtRest(world, [ada]);
    });
  });
}

/** In two halves: this source file must not be taken for malware itself. */
const EICAR = Buffer.from(['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join(''));

function asPng(bytes: Buffer): Picture {
  return { bytes, contentType: 'image/png' };
}

/** A form allows one length only; bytes after a PNG's end are no part of the image. */
function samePaddedLength(...pictures: readonly [Picture, Picture]): [Picture, Picture] {
  const length = Math.max(...pictures.map(({ bytes }) => bytes.length));
  const padded = (picture: Picture) =>
    asPng(Buffer.concat([picture.bytes, Buffer.alloc(length - picture.bytes.length)]));
  return [padded(pictures[0]), padded(pictures[1])];
}
