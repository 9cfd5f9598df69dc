import { describe, expect, it } from 'vitest';
import { KEPT_REPLACED } from '../../shared/metadata/retention.ts';
import { type Client, clientOf } from './client.ts';
import { failing, type Interceptor, justBefore } from './intercepted-port.ts';
import { expectAtRest, shownTo } from './observed-state.ts';
import { type Picture, plainPicture } from './plain-pictures.ts';
import { drain, settle } from './settle.ts';
import { deliverToDyingWorker } from './worker-death.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

const TOP_LEFT = { x: 0, y: 0, size: 0.5 };

/** No worker, however late, touches what another upload has published. */
export function describeWrittenOnce(openAdapters: OpenAdapters): void {
  describe('a published image', () => {
    it('stays when a worker that lost its lease goes on writing after its upload was rejected', async () => {
      const { world, ada } = await withRed(openAdapters);
      const blue = await plainPicture('blue');
      const sent = await ada.send(blue, { method: 'POST' });
      const sleep = justBefore('storage.uploadFile', async () => {
        await world.writeBytes(sent, otherBytes(blue));
        await outliveLease(world);
        expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'rejected', code: 'upload_changed' });
      });
      await world.intercept(sleep, () => world.deliver(sent.event));
      await settle(world);
      expect(await shownTo(world, ada)).toBe('red');
      await expectAtRest(world, [ada]);
    });

    it('stays when such a worker dies after it has written everything', async () => {
      const { world, ada } = await withRed(openAdapters);
      const blue = await plainPicture('blue');
      const sent = await ada.send(blue, { method: 'POST' });
      const sleep = justBefore('storage.uploadFile', async () => {
        await world.writeBytes(sent, otherBytes(blue));
        await outliveLease(world);
      });
      // No error of a dependency: nothing is tidied up after it.
      const die = failing('metadata.publishAvatar', new Error('killed'));
      const sleepThenDie: Interceptor = (call, proceed) => sleep(call, () => die(call, proceed));
      expect(await world.intercept(sleepThenDie, () => world.deliver(sent.event))).toBe('failed');
      await settle(world);
      expect(await shownTo(world, ada)).toBe('red');
      await expectAtRest(world, [ada]);
    });

    it('is the one that the record names, although a newer upload that never wrote was rejected meanwhile', async () => {
      const { world, ada, uploadId: first } = await withRed(openAdapters);
      const green = await plainPicture('green');
      const second = await ada.send(await plainPicture('blue'));
      const third = await ada.send(green, { method: 'POST' });
      const overtake = justBefore('metadata.publishAvatar', async () => {
        const isWrite = (call: string) => call === 'storage.uploadFile';
        expect(await deliverToDyingWorker(world, third.event, isWrite)).toBe('died');
      });
      await world.intercept(overtake, () => world.deliver(second.event));
      await world.writeBytes(third, otherBytes(green));
      await settle(world);
      expect(await ada.upload(third.uploadId)).toMatchObject({ status: 'rejected', code: 'upload_changed' });
      const colours = new Map([
        [first, 'red'],
        [second.uploadId, 'blue'],
      ]);
      const record = await world.metadata.getAvatar(ada.avatar);
      expect(await shownTo(world, ada)).toBe(colours.get(record?.readyUploadId ?? ''));
      expect(record?.readyUploadId).toBe(second.uploadId);
      await expectAtRest(world, [ada]);
    });
  });

  describe('a worker that lost its lease to the one that published', () => {
    it('leaves nothing when it writes, and dies, after the version was replaced and its files were removed', async () => {
      const { world, ada } = await withRed(openAdapters);
      const sent = await ada.send(await plainPicture('blue'));
      const sleep = justBefore('storage.uploadFile', async () => {
        await outliveLease(world);
        expect(await ada.upload(sent.uploadId)).toMatchObject({ status: 'ready' });
        for (let more = 0; more <= KEPT_REPLACED; more += 1) {
          await world.deliver((await ada.send(await plainPicture('green'))).event);
        }
        await world.sweep();
        expect(await storedIn(world, sent.uploadId)).toEqual([]);
        isAwake = true;
      });
      let isAwake = false;
      const die = failing('metadata.publishAvatar', new Error('killed'));
      const sleepThenDie: Interceptor = (call, proceed) => (isAwake ? die(call, proceed) : sleep(call, proceed));
      expect(await world.intercept(sleepThenDie, () => world.deliver(sent.event))).toBe('failed');
      expect(await storedIn(world, sent.uploadId)).not.toEqual([]);
      await settle(world);
      expect(await storedIn(world, sent.uploadId)).toEqual([]);
      expect(await shownTo(world, ada)).toBe('green');
      await expectAtRest(world, [ada]);
    });
  });

  describe('a re-crop', () => {
    it('is rendered from the published original, not from one that another upload has only written', async () => {
      const { world, ada, picture: red } = await withRed(openAdapters);
      const second = await ada.send(await plainPicture('blue'));
      await abandonTicket(ada);
      let writes = 0;
      const isSecondWrite = (call: string) => call === 'storage.uploadFile' && ++writes === 2;
      expect(await deliverToDyingWorker(world, second.event, isSecondWrite)).toBe('died');
      const crop = await askForCrop(ada);
      await world.deliver(lastMessage(world));
      expect(await ada.upload(crop)).toMatchObject({ status: 'ready' });
      expect(await shownTo(world, ada)).toBe('red');
      const record = await world.metadata.getAvatar(ada.avatar);
      expect(record).toMatchObject({
        chargedBytes: red.bytes.length,
        image: { original: { bytes: red.bytes.length } },
      });
      await settle(world);
      expect(await ada.upload(second.uploadId)).toMatchObject({ status: 'superseded' });
      expect(await shownTo(world, ada)).toBe('red');
      await expectAtRest(world, [ada]);
    });

    it.each(['storage.copyFile', 'storage.downloadFile', 'metadata.publishAvatar'])(
      'is superseded, never lost, when an image of another type replaces its source just before it reaches %s',
      async (call) => {
        const { world, ada } = await withRed(openAdapters, 'jpeg');
        const second = await ada.send(await plainPicture('blue', 'png'));
        await abandonTicket(ada);
        const crop = await askForCrop(ada);
        const replace = justBefore(call, () => world.deliver(second.event));
        await world.intercept(replace, () => world.deliver(lastMessage(world)));
        await settle(world);
        expect(await ada.upload(second.uploadId)).toMatchObject({ status: 'ready' });
        expect(await ada.upload(crop)).toMatchObject({ status: 'superseded' });
        expect(await shownTo(world, ada)).toBe('blue');
        await expectAtRest(world, [ada]);
      },
    );
  });
}

interface WithRed {
  readonly world: World;
  readonly ada: Client;
  readonly uploadId: string;
  readonly picture: Picture;
}

/** A world in which ada's avatar is red. */
async function withRed(openAdapters: OpenAdapters, type?: 'png' | 'jpeg'): Promise<WithRed> {
  const world = await openWorld(openAdapters);
  const ada = clientOf(world, { sub: 'ada' });
  const picture = await plainPicture('red', type);
  const { uploadId } = await ada.send(picture);
  await drain(world);
  expect(await shownTo(world, ada)).toBe('red');
  return { world, ada, uploadId, picture };
}

async function storedIn({ storage }: World, folder: string): Promise<string[]> {
  const { files } = await storage.listFiles({ prefix: `avatars/users/ada/${folder}/` });
  return files.map(({ key }) => key);
}

/** As many bytes, of which the last one differs. */
function otherBytes({ bytes }: Picture): Buffer {
  const other = Buffer.from(bytes);
  other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
  return other;
}

/** The lease of the working function lapses, and another worker takes over. */
async function outliveLease(world: World): Promise<void> {
  world.advance(world.settings.leaseSeconds * 1000 + 60_000);
  await world.sweep();
  await drain(world);
}

/** Afterwards the newest upload has ended, so that a re-crop is accepted. */
async function abandonTicket(ada: Client): Promise<void> {
  const { uploadId } = await ada.ticket(await plainPicture('green'));
  await ada.request('DELETE', `/uploads/${uploadId}`);
}

async function askForCrop(ada: Client): Promise<string> {
  const { status, body } = await ada.crop(TOP_LEFT);
  expect(status).toBe(202);
  return String(body.uploadId);
}

function lastMessage({ messages }: World) {
  return messages.at(-1) ?? expect.fail('no message was sent');
}
