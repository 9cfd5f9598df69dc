import { expect } from 'vitest';
import { type Client, clientOf, type Reply } from './client.ts';
import { plainPicture } from './plain-pictures.ts';
import type { World } from './world.ts';

const ELSEWHERE = 'elsewhere';
const NO_UPLOAD = 'id-0';

/** Another organization's client with every role. For it nothing exists. */
export interface Stranger {
  readonly client: Client;
  /** The responses to everything it can try, from before there was anything. */
  readonly blank: readonly Reply[];
}

/** A stranger to the avatar of that client, who has none yet. */
export async function strangerTo(world: World, { avatar }: Client): Promise<Stranger> {
  const client = clientOf(world, { sub: 'eve', organization: ELSEWHERE, roles: ['admin', 'service'], avatar });
  const blank = await tryEverything(client, NO_UPLOAD);
  expect(blank.map(({ status }) => status)).toEqual([200, 200, 404, 404, 204, 404, 404, 404]);
  return { client, blank };
}

/** The stranger gets the responses that it got before there was anything, and changes nothing. */
export async function pry(
  world: World,
  { client, blank }: Stranger,
  {
    uploadId = NO_UPLOAD,
    uploadIds,
  }: { readonly uploadId?: string | undefined; readonly uploadIds: readonly string[] },
): Promise<void> {
  const before = await stateOf(world, uploadIds);
  expect(await tryEverything(client, uploadId)).toEqual(blank);
  expect(await stateOf(world, uploadIds)).toEqual(before);
}

async function tryEverything({ avatar, request, ...client }: Client, uploadId: string): Promise<Reply[]> {
  const { entityType, entityId } = avatar;
  const upload = `/uploads/${uploadId}`;
  return [
    await request('GET', `/${entityType}/${entityId}/avatar/info`),
    await request('POST', '/avatars/info', { body: { [entityType]: [entityId] } }),
    await client.askForTicket(await plainPicture('red')),
    await client.crop({ x: 0, y: 0, size: 0.5 }),
    await client.delete(),
    await request('GET', upload),
    await request('POST', `${upload}/ticket`),
    await request('DELETE', upload),
  ];
}

/** Everything that a request can change. */
async function stateOf({ metadata, storage, messages }: World, uploadIds: readonly string[]): Promise<unknown[]> {
  const organizations = ['acme', ELSEWHERE].map((organizationId) => metadata.getOrganization({ organizationId }));
  const avatars = ['ada', 'bob', 'eve'].map((entityId) => metadata.getAvatar({ entityType: 'users', entityId }));
  const records = uploadIds.map((uploadId) => metadata.getUpload({ uploadId }));
  const { files } = await storage.listFiles({ prefix: '' });
  return [...(await Promise.all([...organizations, ...avatars, ...records])), files, [...messages]];
}
