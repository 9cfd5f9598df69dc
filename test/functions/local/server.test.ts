import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDevIssuer } from '../../../functions/local/dev-issuer.ts';
import { openHiddenFolder } from '../../../functions/local/hidden-folder.ts';
import { type LocalMode, startLocalMode } from '../../../functions/local/local-mode.ts';
import { readConfig } from '../../../shared/config.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };

describe('the local server', () => {
  let folder: string;
  let local: LocalMode;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'server-'));
    const config = readConfig({ UPLOAD_DIRECTORY: folder, PORT: '0' });
    local = await startLocalMode({ config, nodeEnv: 'test', log: silent, clock: () => new Date() });
  });
  afterAll(async () => {
    await local.stop();
    await rm(folder, { recursive: true });
  });

  it('asks for a token before the function is called, as an authorizer does', async () => {
    const answer = await fetch(`${local.url}/api/v1/uploads/x`);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(await answer.json()).toMatchObject({ code: 'unauthorized' });
  });

  it('publishes the keys that verify its tokens, without the private half', async () => {
    const keySet = await (await fetch(`${local.url}/.well-known/jwks.json`)).json();
    expect(keySet).toEqual({
      keys: [{ kty: 'RSA', alg: 'RS256', use: 'sig', kid: expect.any(String), n: expect.any(String), e: 'AQAB' }],
    });
  });

  it('lets pages of any origin call, with the headers that the API reads', async () => {
    const preflight = await fetch(`${local.url}/api/v1/avatars/info`, {
      method: 'OPTIONS',
      headers: { origin: 'http://localhost:5173', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('idempotency-key');
    const answer = await fetch(`${local.url}/api/v1/health`);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-expose-headers')).toContain('Location');
  });

  it('answers an OPTIONS request that is no preflight by what is allowed', async () => {
    const answer = await fetch(`${local.url}/api/v1/health`, { method: 'OPTIONS' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
  });

  it('refuses a request that Lambda could not take', async () => {
    const { signingKey } = await openHiddenFolder(folder);
    const claimNames = { subject: 'sub', organization: 'organization', roles: 'roles' };
    const issuer = await openDevIssuer({ keyFile: signingKey, claimNames, nodeEnv: 'test' });
    const token = await issuer.issue({ sub: 'ada', organization: 'acme', roles: [], ttlSeconds: 60 });
    const answer = await fetch(`${local.url}/api/v1/avatars/info`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: Buffer.alloc(25 * 1024 * 1024),
    });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 'file_too_large', field: 'body' });
  });

  it('lets a client that is still sending see why it is refused', async () => {
    const answer = await fetch(`${local.url}/api/v1/users/ada/avatar`, {
      method: 'POST',
      headers: { 'content-type': 'image/png', authorization: 'Bearer none' },
      body: Buffer.alloc(30 * 1024 * 1024),
    });
    expect(answer.status).toBe(401);
  });

  it('hands out its keys to GET alone', async () => {
    expect((await fetch(`${local.url}/.well-known/jwks.json`, { method: 'POST' })).status).toBe(404);
  });

  it('answers a path that is not one', async () => {
    expect((await fetch(`${local.url}/api/v1/users/%E0%A4%A/avatar`)).status).toBe(404);
    expect((await fetch(`${local.url}//`)).status).toBe(404);
  });

  it('ends a connection that does not speak HTTP', async () => {
    const { port, hostname } = new URL(local.url);
    const socket = connect(Number(port), hostname);
    socket.write('hello\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400/);
  });
});
