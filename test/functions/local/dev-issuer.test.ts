import { createHmac, createPrivateKey, type JsonWebKey, sign } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type DevIssuer, openDevIssuer } from '../../../functions/local/dev-issuer.ts';

const CLAIM_NAMES = { subject: 'sub', organization: 'organization', roles: 'roles' };
const CLAIMS = {
  sub: 'ada',
  organization: 'acme',
  iss: 'urn:unified-file-storage:local',
  aud: 'unified-file-storage',
};
const WISH = { sub: 'ada', organization: 'acme', roles: ['admin'], ttlSeconds: 60 };

describe('the development issuer', () => {
  let folder: string;
  let keyFile: string;
  let issuer: DevIssuer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'issuer-'));
    keyFile = join(folder, 'key.json');
    issuer = await open(keyFile);
  });
  afterEach(() => vi.useRealTimers());
  afterAll(() => rm(folder, { recursive: true }));

  function open(file: string, nodeEnv?: string): Promise<DevIssuer> {
    return openDevIssuer({ keyFile: file, claimNames: CLAIM_NAMES, nodeEnv });
  }

  /** A token signed with the right key, but with parts of a token that must not pass: libraries refuse to sign some. */
  async function forge({ header = {}, claims = {} }: { readonly header?: object; readonly claims?: object }) {
    const key = JSON.parse(await readFile(keyFile, 'utf8')) as JsonWebKey;
    const full = { alg: 'RS256', kid: issuer.keySet.keys[0]?.kid, ...header };
    const input = `${encode(full)}.${encode({ ...CLAIMS, exp: now() + 60, ...claims })}`;
    const signature = sign('RSA-SHA256', Buffer.from(input), createPrivateKey({ key, format: 'jwk' }));
    return `${input}.${signature.toString('base64url')}`;
  }

  /** Seconds, as tokens count them. */
  const now = () => Math.floor(Date.now() / 1000);

  function encode(part: object): string {
    return Buffer.from(JSON.stringify(part)).toString('base64url');
  }

  it('accepts its own token and reads the claims', async () => {
    expect(await issuer.verify(await issuer.issue(WISH))).toMatchObject({
      sub: 'ada',
      organization: 'acme',
      roles: ['admin'],
    });
    expect(await issuer.verify(await forge({}))).toMatchObject({ sub: 'ada' });
  });

  it('accepts the token of another process over the same folder', async () => {
    const other = await open(keyFile);
    expect(await issuer.verify(await other.issue(WISH))).toBeDefined();
  });

  it('makes one key only, when two processes start together', async () => {
    const together = join(folder, 'together.json');
    const [first, second] = await Promise.all([open(together), open(together)]);
    expect(first?.keySet).toEqual(second?.keySet);
  });

  it('keeps its key from other users of the machine and publishes the public half alone', async () => {
    expect((await stat(keyFile)).mode & 0o077).toBe(0);
    expect(Object.keys(issuer.keySet.keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  it('refuses a token that has run out', async () => {
    expect(await issuer.verify(await issuer.issue({ ...WISH, ttlSeconds: -60 }))).toBeUndefined();
  });

  it.each([
    ['another issuer', { claims: { iss: 'https://evil.example' } }],
    ['another audience', { claims: { aud: 'elsewhere' } }],
    ['an unknown key id', { header: { kid: 'other' } }],
    ['a key set address of its own', { header: { jku: 'https://evil.example/jwks.json' } }],
    ['a key of its own', { header: { jwk: { kty: 'RSA', n: 'x', e: 'AQAB' } } }],
    ['a certificate address of its own', { header: { x5u: 'https://evil.example/cert.pem' } }],
    ['a critical extension it does not know', { header: { crit: ['exp2'], exp2: 1 } }],
    ['no end', { claims: { exp: undefined } }],
  ])('refuses a token with %s', async (_, parts) => {
    expect(await issuer.verify(await forge(parts))).toBeUndefined();
  });

  it.each([
    ['accepts', 'begins in 5 seconds, by a clock that is ahead', { nbf: 5 }],
    ['refuses', 'begins in 6 seconds', { nbf: 6 }],
    ['accepts', 'ended 4 seconds ago, by a clock that is behind', { exp: -4 }],
    ['refuses', 'ended 5 seconds ago', { exp: -5 }],
  ])('%s a token that %s', async (verdict, _, times) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const claims = Object.fromEntries(Object.entries(times).map(([name, seconds]) => [name, now() + seconds]));
    expect((await issuer.verify(await forge({ claims }))) === undefined).toBe(verdict === 'refuses');
  });

  it('refuses a token without a signature', async () => {
    const [, payload] = (await issuer.issue(WISH)).split('.');
    expect(await issuer.verify(`${encode({ alg: 'none' })}.${payload}.`)).toBeUndefined();
  });

  it('refuses a token signed with the public key as a shared secret', async () => {
    const [, payload] = (await issuer.issue(WISH)).split('.');
    const input = `${encode({ alg: 'HS256', kid: issuer.keySet.keys[0]?.kid })}.${payload}`;
    const signature = createHmac('sha256', JSON.stringify(issuer.keySet.keys[0])).update(input).digest('base64url');
    expect(await issuer.verify(`${input}.${signature}`)).toBeUndefined();
  });

  it.each(['', 'x', 'a.b.c', '🙂'])('refuses "%s", which is no token', async (token) => {
    expect(await issuer.verify(token)).toBeUndefined();
  });

  it('does not open in production', async () => {
    await expect(open(join(folder, 'production.json'), 'production')).rejects.toMatchObject({
      code: 'invalid_configuration',
    });
  });
});
