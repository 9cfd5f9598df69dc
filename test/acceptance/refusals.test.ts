import { describe, expect, inject, it } from 'vitest';
import { type ApiOptions, api } from './client.ts';
import { newId, signIn } from './people.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };
const WISH = { contentType: 'image/png', contentLength: 1000 };

describe('a request', async () => {
  const { avatar, token } = await signIn();
  const post = (options: ApiOptions) => api('POST', `${avatar}/avatar`, { token, ...options });

  it.each(['{', '{"contentType": image/png}', 'contentType=image/png', '\ufffe'])(
    'is malformed if its JSON is %j',
    async (body) => {
      const refused = await post({ body, headers: JSON_HEADERS });
      expect(refused).toMatchObject({ status: 400, body: { code: 'malformed_json' } });
    },
  );

  it.each([
    ['an unknown field', { ...WISH, acl: 'public' }, 'acl'],
    ['an unknown field inside', { ...WISH, crop: { x: 0, y: 0, size: 1, z: 1 } }, 'crop.z'],
    ['a field that is missing', { contentType: 'image/png' }, 'contentLength'],
    ['a field of the wrong type', { ...WISH, contentLength: '1000' }, 'contentLength'],
    ['a field of the wrong type inside', { ...WISH, crop: { x: 0, y: 0, size: '1' } }, 'crop.size'],
    ['a value that is none of the choices', { ...WISH, method: 'PATCH' }, 'method'],
    ['the ids that the server makes', { ...WISH, uploadId: newId('mine') }, 'uploadId'],
    ['a list', [WISH], 'body'],
    ['null', null, 'body'],
  ])('names what is wrong with %s', async (_, json, field) => {
    const body = { code: 'invalid_request', field, accepted: expect.stringMatching(/./) };
    expect(await post({ json })).toMatchObject({ status: 422, body });
  });

  it('names every field that is wrong', async () => {
    const { body } = await post({ json: { contentType: 1, contentLength: 0, more: true } });
    const { errors } = body as { errors: { field: string }[] };
    expect(errors.map(({ field }) => field).toSorted()).toEqual(['contentLength', 'contentType', 'more']);
  });

  it.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded'])(
    'is not taken as %s',
    async (type) => {
      const refused = await post({ body: 'x', headers: { 'content-type': type } });
      expect(refused).toMatchObject({ status: 415, body: { code: 'unsupported_media_type', field: 'Content-Type' } });
    },
  );

  it.each([
    'application/json; charset=utf-8',
    'APPLICATION/JSON',
    'application/json ;charset=utf-8',
    'application/merge+json',
  ])('is taken as JSON if it is called %s', async (type) => {
    const taken = await post({ body: JSON.stringify(WISH), headers: { 'content-type': type } });
    expect(taken).toMatchObject({ status: 201 });
  });

  it('is taken as JSON by operations that take nothing else', async () => {
    const picture = { body: 'x', headers: { 'content-type': 'image/png' } };
    expect(await api('PATCH', `${avatar}/avatar`, { token, ...picture })).toMatchObject({ status: 415 });
    expect(await api('POST', '/avatars/info', { token, ...picture })).toMatchObject({ status: 415 });
  });

  it.each(['-1', '21', '1.5', 'long'])('does not wait %s seconds', async (wait) => {
    const refused = await api('GET', `/uploads/${newId('upload')}?wait=${wait}`, { token });
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_request', field: 'wait' } });
  });

  it.each(['-ada', 'ada.', 'a..b', 'a%20b', 'a'.repeat(129)])('has no user called %s', async (id) => {
    const refused = await api('GET', `/users/${id}/avatar/info`, { token });
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_request', field: 'id' } });
  });

  it('has no user called a%2Fb', async ({ annotate }) => {
    const refused = await api('GET', '/users/a%2Fb/avatar/info', { token });
    const { encodedSlash } = inject('target').differences;
    if (encodedSlash !== undefined) await annotate(`this target's gateway differs: ${encodedSlash}`);
    expect(refused).toMatchObject(
      encodedSlash === undefined ? { status: 422, body: { field: 'id' } } : { status: 404 },
    );
  });
});

describe('an address', () => {
  it.each([
    ['PUT', '/users/ada/avatar', ['DELETE', 'GET', 'PATCH', 'POST']],
    ['DELETE', '/agents/robot/avatar/info', ['GET']],
    ['GET', '/agents/robot/owner', ['PUT']],
    ['PATCH', '/uploads/some', ['DELETE', 'GET']],
    ['POST', '/health', ['GET']],
  ])('answers %s %s with the methods it knows', async (method, path, allowed) => {
    const { status, headers, body } = await api(method, path);
    expect({ status, body }).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
    expect((headers.get('allow') ?? '').split(', ').toSorted()).toEqual(allowed);
  });

  it.each(['/', '/users', '/users/ada', '/users/ada/avatar/', '/groups/a/avatar', '/upload'])(
    'is unknown: %s',
    async (path) => {
      expect(await api('GET', path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    },
  );
});

describe('every refusal', () => {
  it('carries an id of its own, and is kept by nobody', async () => {
    const refusals = await Promise.all([api('GET', '/nothing'), api('GET', '/nothing'), api('POST', '/health')]);
    const ids = refusals.map(({ body }) => (body as { requestId: string }).requestId);
    expect(new Set(ids).size).toBe(3);
    for (const { headers } of refusals) expect(headers.get('cache-control')).toBe('no-store');
  });
});
