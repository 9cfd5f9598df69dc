import { describe, expect, it } from 'vitest';
import { truncated } from '../fixtures/hostile-files.ts';
import { jpegPhoto } from '../fixtures/pictures.ts';
import { type ApiOptions, api, info, type Picture } from './client.ts';
import { newId, type Person, signIn } from './people.ts';
import { freeRoom, wholeRoom } from './room.ts';
import { BLUE, plainPng, RED, scenePng, shows } from './test-pictures.ts';

function post({ avatar, token }: Person, options: ApiOptions) {
  return api('POST', `${avatar}/avatar`, { token, ...options });
}

function asForm({ bytes, contentType }: Picture): ApiOptions {
  const body = new FormData();
  body.append('comment', 'a field before the file');
  body.append('avatar', new Blob([bytes as Uint8Array<ArrayBuffer>], { type: contentType }), 'me.png');
  return { body };
}

function asBody({ bytes, contentType }: Picture): ApiOptions {
  return { body: bytes, headers: { 'content-type': contentType } };
}

describe.each([
  ['in a form', asForm],
  ['as the body', asBody],
])('a picture sent %s of the request itself', (_, as) => {
  it('is the avatar when the answer comes', async () => {
    const ada = await signIn();
    const answer = await post(ada, as(await plainPng(RED)));
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual(await info(ada));
    expect(answer.body).toMatchObject({ hasCustomAvatar: true, has_custom_avatar: true });
    expect(await shows(ada.avatar, RED)).toBe(true);
  });

  it('is refused with the code of its rejection, and takes no room', async () => {
    const ada = await signIn();
    const half = { bytes: truncated(await jpegPhoto(), 0.5), contentType: 'image/jpeg' };
    const refused = await post(ada, as(half));
    expect(refused).toMatchObject({ status: 422, body: { code: 'image_damaged', uploadId: expect.any(String) } });
    expect(await freeRoom(ada)).toBe(wholeRoom());
  });

  it('is refused for a type that is not accepted', async () => {
    const { bytes } = await scenePng();
    const refused = await post(await signIn(), as({ bytes, contentType: 'image/heic' }));
    expect(refused).toMatchObject({ status: 422, body: { code: 'heic_unsupported' } });
  });

  it('is refused above 4 MiB', async () => {
    const ada = await signIn();
    const bytes = Buffer.alloc(4 * 1024 ** 2 + 1);
    expect(await post(ada, as({ bytes, contentType: 'image/png' }))).toMatchObject({
      status: 413,
      body: { code: 'file_too_large' },
    });
    expect(await freeRoom(ada)).toBe(wholeRoom());
  });

  it('replaces the one before', async () => {
    const ada = await signIn();
    await post(ada, as(await plainPng(RED)));
    expect(await post(ada, as(await plainPng(BLUE)))).toMatchObject({ status: 201 });
    expect(await shows(ada.avatar, BLUE)).toBe(true);
  });

  it('is stored once, however often it is sent under one Idempotency-Key', async () => {
    const ada = await signIn();
    const { headers, ...sent } = as(await plainPng(RED));
    const repeated = { ...sent, headers: { ...headers, 'idempotency-key': newId('key') } };
    expect(await post(ada, repeated)).toMatchObject({ status: 201 });
    const body = { code: 'upload_finished', uploadStatus: 'ready' };
    expect(await post(ada, repeated)).toMatchObject({ status: 409, body });
  });
});

describe('a request without a picture', () => {
  it.each([
    ['a form without a file', () => asForm({ bytes: Buffer.alloc(0), contentType: 'image/png' })],
    ['an empty body', () => asBody({ bytes: Buffer.alloc(0), contentType: 'image/png' })],
    [
      'a form that breaks off',
      () => ({ body: '--b\r\n', headers: { 'content-type': 'multipart/form-data; boundary=b' } }),
    ],
    ['a form without a boundary', () => ({ body: 'x', headers: { 'content-type': 'multipart/form-data' } })],
  ])('is refused: %s', async (_, make) => {
    const refused = await post(await signIn(), make());
    expect(refused).toMatchObject({ status: 400, body: { code: 'malformed_body', field: 'file' } });
  });
});
