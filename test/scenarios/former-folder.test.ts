import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { keysOfVersion } from '../../shared/avatars/version-files.ts';
import { filesOf } from '../../shared/metadata/transitions/retired-versions.ts';
import { readWhole } from '../../shared/storage/storage-backend.ts';
import { isQuotaRight, keysOf } from './attached-files.ts';
import { openFormerFolder, start } from './former-folder.ts';
import { shownTo, usageOf } from './observed-state.ts';
import { plainPicture } from './plain-pictures.ts';
import { drain, settle } from './settle.ts';
import type { World } from './world.ts';

const DAY = 24 * 3_600_000;
const USERS = ['ada', 'bob', 'cat', 'dan', 'eve', 'fay', 'gus', 'hal', 'ivy', 'kim', 'leo'];

describe('a folder that the former release wrote', () => {
  it.each([
    ['ada', 'red'],
    ['bob', 'red'],
    ['dan', 'blue'],
    ['hal', 'yellow'],
    ['ivy', 'blue'],
  ])('shows the image of %s from its former place, before and after the start', async (name, colour) => {
    const { world, user } = await openFormerFolder();
    expect(await shownTo(world, user(name))).toBe(colour);
    await start(world);
    expect(await shownTo(world, user(name))).toBe(colour);
    expect((await world.metadata.getAvatar(user(name).avatar))?.image?.folder).toBe('');
    await settle(world);
    expect(await shownTo(world, user(name))).toBe(colour);
  });

  it.each([
    ['eve', 'eveSecond', 'yellow'],
    ['gus', 'gusSent', 'green'],
  ])('ends the upload of %s, which was under way, as ready in a folder of its own', async (name, upload, colour) => {
    const { world, contents, user } = await openFormerFolder();
    const uploadId = String(contents.uploads[upload]?.uploadId);
    await start(world);
    expect(await user(name).upload(uploadId)).toMatchObject({ status: 'ready' });
    expect(await world.metadata.getAvatar(user(name).avatar)).toMatchObject({
      readyUploadId: uploadId,
      image: { folder: uploadId },
    });
    await settle(world);
    expect(await shownTo(world, user(name))).toBe(colour);
    const keys = (await keysOf(world)).filter((key) => key.startsWith(`avatars/users/${name}/`));
    expect(keys).toHaveLength(7);
    for (const key of keys) expect(key).toContain(uploadId);
  });

  it('has the usage and quota at its start that the former release would have had', async () => {
    const { world, contents } = await openFormerFolder();
    await start(world);
    for (const [organizationId, before] of Object.entries(contents.organizations)) {
      const { version, ...after } = { ...before, ...contents.afterStart.organizations[organizationId] } as Fields;
      expect(await world.metadata.getOrganization({ organizationId })).toMatchObject(after);
      expect(await isQuotaRight(world, organizationId)).toBe(true);
    }
  });

  it('loses at its start the files of what was deleted or processed, and none besides', async () => {
    const { world, contents } = await openFormerFolder();
    const before = await keysOf(world);
    expect(before).toEqual(Object.keys(contents.objects).sort());
    await start(world);
    const after = new Set(await keysOf(world));
    const removed = Object.entries(contents.afterStart.objects).flatMap(([key, object]) => (object ? [] : [key]));
    expect(before.filter((key) => !after.has(key))).toEqual(removed.sort());
  });

  it('renders an original again from the bytes without their former mark, twice', async () => {
    const scanned: Buffer[] = [];
    const scan = async (file: AsyncIterable<Uint8Array>) => {
      scanned.push(await buffer(file));
      return 'clean' as const;
    };
    const { world, user } = await openFormerFolder({ scanner: { scan } });
    const bob = user('bob');
    const { files } = await world.storage.listFiles({ prefix: 'avatars/users/bob/original' });
    const [original] = await Promise.all(
      files.map(async ({ key }) => readWhole(await world.storage.downloadFile({ key }))),
    );
    expect(original).toHaveLength(445);
    for (const [x, y, colour] of [
      [0.5, 0, 'green'],
      [0, 0.5, 'blue'],
    ] as const) {
      const { status, body } = await bob.crop({ x, y, size: 0.5 });
      expect(status).toBe(202);
      await drain(world);
      expect(await bob.upload(String(body.uploadId))).toMatchObject({ status: 'ready' });
      expect(await shownTo(world, bob)).toBe(colour);
    }
    for (const bytes of scanned) expect(bytes).toEqual(original?.subarray(0, -29));
    expect(scanned).toHaveLength(2);
  });

  it('replaces and deletes images in their former place, and removes their files by name', async () => {
    const { world, user } = await openFormerFolder();
    await start(world);
    const { uploadId } = await user('ada').send(await plainPicture('blue', 'jpeg'));
    await user('dan').delete();
    await settle(world);
    expect(await shownTo(world, user('ada'))).toBe('blue');
    expect(await shownTo(world, user('dan'))).toBeUndefined();
    const keys = (await keysOf(world)).filter((key) => /^avatars\/users\/(ada|dan)\//.test(key));
    expect(keys).toHaveLength(7);
    for (const key of keys) expect(key).toMatch(`avatars/users/ada/${uploadId}/`);
  });

  it('keeps a draft for its uploader until its day is over, and nothing of a deleted attachment', async () => {
    const { world, contents, user } = await openFormerFolder();
    await start(world);
    const { attachmentReady, attachmentDraft, attachmentDeleted } = contents.attachments;
    const look = async (name: string, file: { readonly fileId: string } | undefined) =>
      (await user(name).request('GET', `/attachments/${file?.fileId}`)).status;
    expect(await look('bob', attachmentReady)).toBe(200);
    expect(await look('bob', attachmentDraft)).toBe(200);
    expect(await look('ada', attachmentDraft)).toBe(404);
    expect(await look('ada', attachmentDeleted)).toBe(404);
    world.advance(DAY);
    await world.sweep();
    expect(await look('bob', attachmentDraft)).toBe(404);
    expect(await keysOf(world)).not.toContain(attachmentDraft?.key);
    expect(await keysOf(world)).toContain(attachmentReady?.key);
  });

  it('repeats the response to a request that was made before, and knows which organization is paused', async () => {
    const { world, contents, user } = await openFormerFolder();
    await start(world);
    const { key: idempotencyKey, uploadId } = contents.idempotentRequest;
    const again = await user('fay').askForTicket(await plainPicture('green'), { idempotencyKey });
    expect(again).toMatchObject({ status: 201, body: { uploadId } });
    const refused = await user('ivy').askForTicket(await plainPicture('green'));
    expect(refused).toMatchObject({ status: 403, body: { code: 'organization_closed' } });
  });

  it('comes to rest without an object that no record names, and without an open upload', async () => {
    const { world, contents, user } = await openFormerFolder();
    await start(world);
    await settle(world);
    const avatars = await Promise.all(USERS.map((name) => world.metadata.getAvatar(user(name).avatar)));
    const images = avatars.flatMap((avatar) =>
      avatar?.image ? keysOfVersion(avatar, { ...filesOf(avatar.image), removeAt: '' }) : [],
    );
    expect(avatars.flatMap((avatar) => avatar?.retired ?? [])).toEqual([]);
    const file = await world.metadata.getAttachment({ fileId: contents.attachments.attachmentReady?.fileId ?? '' });
    expect(await keysOf(world)).toEqual([...images, file?.key, file?.preview?.key].sort());
    for (const organizationId of Object.keys(contents.organizations)) await expectAtRest(world, organizationId);
  });
});

type Fields = Readonly<Record<string, unknown>>;

async function expectAtRest(world: World, organizationId: string): Promise<void> {
  expect(await isQuotaRight(world, organizationId)).toBe(true);
  expect((await usageOf(world, organizationId)).openUploads).toBe(0);
  const owners = USERS.map((ownerId) => world.metadata.getOwner({ organizationId, ownerId }));
  for (const owner of await Promise.all(owners)) {
    expect([owner?.pendingUploads ?? 0, owner?.sentUploads ?? 0]).toEqual([0, 0]);
  }
}
