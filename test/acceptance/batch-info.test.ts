import { describe, expect, it } from 'vitest';
import { type AvatarInfo, api, info, upload } from './client.ts';
import { newAgent, newId, type Person, signIn } from './people.ts';
import { personWithAvatar, scenePng } from './test-pictures.ts';

interface Infos {
  readonly users: readonly AvatarInfo[];
  readonly agents: readonly AvatarInfo[];
}

async function infos({ token }: Person, json: object): Promise<Infos> {
  const { status, body } = await api('POST', '/avatars/info', { token, json });
  expect(status).toBe(200);
  return body as Infos;
}

const idOf = (avatar: string): string => avatar.split('/')[2] ?? '';
const idsOf = (list: readonly AvatarInfo[]): string[] => list.map(({ entityId }) => entityId);

describe('the info of many avatars', () => {
  it('comes in the order it was asked for, repetitions included, and says what single ones say', async () => {
    const ada = await personWithAvatar(await scenePng());
    const agent = await newAgent(ada);
    await upload(ada, await scenePng(), { avatar: agent });
    const unknown = newId('user');
    const users = [unknown, ada.sub, newId('user'), ada.sub];
    const agents = [newId('agent'), idOf(agent)];
    const answer = await infos(ada, { users, agents });
    expect(idsOf(answer.users)).toEqual(users);
    expect(idsOf(answer.agents)).toEqual(agents);
    expect(answer.users[1]).toEqual(await info(ada));
    expect(answer.users[3]).toEqual(answer.users[1]);
    expect(answer.users[0]).toEqual(await info(ada, `/users/${unknown}`));
    expect(answer.agents[1]).toEqual(await info(ada, agent));
  });

  it('shows foreign ones as if there were none', async () => {
    const ada = await personWithAvatar(await scenePng());
    const stranger = await signIn();
    const { users } = await infos(stranger, { users: [ada.sub] });
    expect(users).toEqual([await info(stranger, ada.avatar)]);
    expect(users[0]).toMatchObject({ hasCustomAvatar: false });
  });

  it('is one answer for a hundred, and refused for more', async () => {
    const ada = await signIn();
    const ids = Array.from({ length: 50 }, () => newId('any'));
    const answer = await infos(ada, { users: ids, agents: ids });
    expect([answer.users.length, answer.agents.length]).toEqual([50, 50]);
    const json = { users: ids, agents: [...ids, newId('any')] };
    const refused = await api('POST', '/avatars/info', { token: ada.token, json });
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'invalid_request', accepted: 'at most 100 ids in all' },
    });
  });

  it('may be asked for nobody', async () => {
    expect(await infos(await signIn(), {})).toEqual({ users: [], agents: [] });
  });

  it('names the id that cannot be one', async () => {
    const { token } = await signIn();
    const json = { users: ['good', '../bad'] };
    const refused = await api('POST', '/avatars/info', { token, json });
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_request', field: 'users.1' } });
  });
});
