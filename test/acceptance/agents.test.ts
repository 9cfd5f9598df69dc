import { describe, expect, inject, it } from 'vitest';
import { SCENE_COLOURS } from '../fixtures/scene.ts';
import { api, deleteAvatar, info, type Upload, upload, waitForEnd } from './client.ts';
import { newAgent, newId, signIn } from './people.ts';
import { BLUE, plainPng, RED, scenePng, shows } from './test-pictures.ts';

const WISH = { contentType: 'image/png', contentLength: 1000 };

describe('the avatar of an agent', () => {
  it('is written by every member of its organization', async () => {
    const ada = await signIn();
    const agent = await newAgent(ada);
    const colleague = await signIn({ org: ada.org });
    expect(await upload(ada, await plainPng(RED), { avatar: agent })).toMatchObject({ status: 'ready' });
    expect(await upload(colleague, await plainPng(BLUE), { avatar: agent })).toMatchObject({ status: 'ready' });
    expect(await shows(agent, BLUE)).toBe(true);
    expect(await info(ada, agent)).toEqual(await info(colleague, agent));
  });

  it('is cropped again by every member of its organization', async () => {
    const ada = await signIn();
    const agent = await newAgent(ada);
    await upload(ada, await scenePng(), { avatar: agent });
    const colleague = await signIn({ org: ada.org });
    const crop = { x: 0, y: 0, size: 0.5 };
    const { status, body } = await api('PATCH', `${agent}/avatar`, { token: colleague.token, json: { crop } });
    expect(status).toBe(202);
    const { uploadId } = body as Upload;
    expect(await waitForEnd(colleague, uploadId)).toMatchObject({ status: 'ready' });
    expect(await shows(agent, SCENE_COLOURS.topLeft)).toBe(true);
  });

  it('is out of reach for another organization', async () => {
    const ada = await signIn();
    const agent = await newAgent(ada);
    await upload(ada, await plainPng(RED), { avatar: agent });
    for (const stranger of [await signIn(), await signIn({ role: 'admin' }), await signIn({ role: 'service' })]) {
      const { token } = stranger;
      expect(await api('POST', `${agent}/avatar`, { token, json: WISH })).toMatchObject({ status: 404 });
      const crop = { x: 0, y: 0, size: 1 };
      expect(await api('PATCH', `${agent}/avatar`, { token, json: { crop } })).toMatchObject({ status: 404 });
      expect(await info(stranger, agent)).toMatchObject({ hasCustomAvatar: false });
      await deleteAvatar(stranger, agent);
    }
    expect(await shows(agent, RED)).toBe(true);
  });

  it('stays with its organization after it is deleted', async () => {
    const ada = await signIn();
    const agent = await newAgent(ada);
    await upload(ada, await plainPng(RED), { avatar: agent });
    await deleteAvatar(ada, agent);
    const { token } = await signIn();
    expect(await api('POST', `${agent}/avatar`, { token, json: WISH })).toMatchObject({ status: 404 });
    expect(await upload(ada, await plainPng(BLUE), { avatar: agent })).toMatchObject({ status: 'ready' });
  });

  it('is bound by its first ticket, unless agents have to be registered', async () => {
    const isFree = inject('target').agentBinding === 'first-ticket';
    const agent = `/agents/${newId('agent')}`;
    const [first, second] = [await signIn(), await signIn()];
    const ask = (token: string) => api('POST', `${agent}/avatar`, { token, json: WISH });
    expect(await ask(first.token)).toMatchObject({ status: isFree ? 201 : 404 });
    expect(await ask(second.token)).toMatchObject({ status: 404 });
    expect(await ask((await signIn({ org: first.org })).token)).toMatchObject({ status: isFree ? 201 : 404 });
  });
});

describe('the owner of an agent', () => {
  const owner = (token: string, agent: string, organizationId: string) =>
    api('PUT', `${agent}/owner`, { token, json: { organizationId } });

  it('is set by a service, as often as it likes', async () => {
    const agent = `/agents/${newId('agent')}`;
    const { org, token } = await signIn({ role: 'service' });
    expect(await owner(token, agent, org)).toMatchObject({ status: 204 });
    expect(await owner(token, agent, org)).toMatchObject({ status: 204 });
  });

  it('is an organization of any name, whichever the service belongs to', async () => {
    const agent = `/agents/${newId('agent')}`;
    const ada = await signIn();
    const { token } = await signIn({ role: 'service' });
    expect(await owner(token, agent, ada.org)).toMatchObject({ status: 204 });
    expect(await api('POST', `${agent}/avatar`, { token: ada.token, json: WISH })).toMatchObject({ status: 201 });
  });

  it('does not change any more', async () => {
    const agent = await newAgent(await signIn());
    const { org, token } = await signIn({ role: 'service' });
    expect(await owner(token, agent, org)).toMatchObject({ status: 409, body: { code: 'agent_bound' } });
  });

  it('is set by nobody else', async () => {
    const agent = `/agents/${newId('agent')}`;
    for (const { org, token } of [await signIn(), await signIn({ role: 'admin' })]) {
      expect(await owner(token, agent, org)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    }
  });

  it('must be an id', async () => {
    const { token } = await signIn({ role: 'service' });
    const refused = await owner(token, `/agents/${newId('agent')}`, '../other');
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_request', field: 'organizationId' } });
  });
});
