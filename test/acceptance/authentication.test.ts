import { createSign, generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, it } from 'vitest';
import { api } from './client.ts';
import { newId, type Person, signIn } from './people.ts';

function encode(json: object): string {
  return Buffer.from(JSON.stringify(json)).toString('base64url');
}

function decode(part: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
}

async function statusFor({ avatar }: Person, token: string | undefined): Promise<number> {
  const { status, headers } = await api('GET', `${avatar}/avatar/info`, { token });
  const { challenge } = inject('target').differences;
  if (status === 401 && challenge === undefined) expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
  return status;
}

describe('a request', () => {
  it('is answered with a good token', async () => {
    const ada = await signIn();
    expect(await statusFor(ada, ada.token)).toBe(200);
  });

  it('is refused without a token, and with what is none', async () => {
    const ada = await signIn();
    expect(await statusFor(ada, undefined)).toBe(401);
    for (const garbage of ['x', 'a.b.c', `${ada.token}.x`, ada.token.slice(0, -20)]) {
      expect(await statusFor(ada, garbage), garbage).toBe(401);
    }
    const basic = { authorization: `Basic ${Buffer.from('ada:secret').toString('base64')}` };
    expect(await api('GET', `${ada.avatar}/avatar/info`, { headers: basic })).toMatchObject({ status: 401 });
  });

  it('is refused with a token whose claims were changed', async () => {
    const ada = await signIn();
    const [header, claims, signature] = ada.token.split('.');
    const other = encode({ ...decode(claims), sub: newId('user') });
    expect(await statusFor(ada, [header, other, signature].join('.'))).toBe(401);
  });

  it('is refused with a token that asks not to be verified', async () => {
    const ada = await signIn();
    const [header, claims, signature] = ada.token.split('.');
    for (const alg of ['none', 'None', 'HS256']) {
      const renamed = encode({ ...decode(header), alg });
      expect(await statusFor(ada, `${renamed}.${claims}.`), alg).toBe(401);
      expect(await statusFor(ada, `${renamed}.${claims}.${signature}`), alg).toBe(401);
    }
  });

  it('is refused with a token that was signed with another key, even if it brings that key along', async () => {
    const ada = await signIn();
    const [header, claims] = ada.token.split('.');
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    for (const extra of [{}, { jwk: publicKey.export({ format: 'jwk' }) }, { kid: newId('key') }]) {
      const signed = `${encode({ ...decode(header), ...extra })}.${claims}`;
      const signature = createSign('sha256').update(signed).sign(privateKey, 'base64url');
      expect(await statusFor(ada, `${signed}.${signature}`), Object.keys(extra).join()).toBe(401);
    }
  });

  it('is refused with a token that has expired', async () => {
    const ada = await signIn({ ttl: 1 });
    await sleep(7000);
    expect(await statusFor(ada, ada.token)).toBe(401);
  });
});
