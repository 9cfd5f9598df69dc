import { describe, expect, it } from 'vitest';
import { type ApiRequest, createDispatcher, type Handlers } from '../../shared/api/dispatch.ts';
import type { RequestRefusedError } from '../../shared/errors.ts';

const CLAIM_NAMES = { subject: 'sub', organization: 'organization', roles: 'roles' };

/** Answers with what the handler was given. */
const echo = new Proxy({} as Handlers<'api'>, {
  get: () => async (input: unknown) => ({ status: 200, body: input }),
});
const dispatch = createDispatcher({ group: 'api', handlers: echo, claimNames: CLAIM_NAMES });

function request(overrides: Partial<ApiRequest>): ApiRequest {
  return {
    routeKey: 'POST /api/v1/users/{id}/avatar',
    method: 'POST',
    rawPath: '/api/v1/users/ada/avatar',
    pathParameters: { id: 'ada' },
    query: {},
    headers: { 'content-type': 'application/json' },
    claims: { sub: 'ada', organization: 'acme' },
    body: { json: { contentType: 'image/png', contentLength: 5 } },
    ...overrides,
  };
}

async function refusalOf(overrides: Partial<ApiRequest>): Promise<RequestRefusedError> {
  return dispatch(request(overrides)).then(
    () => expect.fail('it was not refused'),
    (error: RequestRefusedError) => error,
  );
}

describe('dispatch', () => {
  it('hands every part to the handler as the schemas read it', async () => {
    const { body } = await dispatch(
      request({ headers: { 'content-type': 'application/json', 'idempotency-key': 'k1' } }),
    );
    expect(body).toMatchObject({
      params: { entityType: 'users', entityId: 'ada' },
      body: { contentType: 'image/png', contentLength: 5, method: 'PUT' },
      principal: { sub: 'ada', organizationId: 'acme' },
      idempotencyKey: 'k1',
    });
  });

  it('hands bytes over as they came, where the operation takes them', async () => {
    const bytes = Buffer.from('picture');
    const { body } = await dispatch(request({ headers: { 'content-type': 'image/png' }, body: { bytes } }));
    expect(body).toMatchObject({ body: { contentType: 'image/png', bytes } });
  });

  it.each([
    ['a missing field', { contentType: 'image/png' }, 'contentLength', 'number'],
    ['a fraction of a byte', { contentType: 'image/png', contentLength: 1.5 }, 'contentLength', 'int'],
    [
      'an unknown field',
      { contentType: 'image/png', contentLength: 5, acl: 'public' },
      'acl',
      'no such field is known',
    ],
    [
      'a method S3 has no ticket for',
      { contentType: 'image/png', contentLength: 5, method: 'PATCH' },
      'method',
      'one of "PUT"|"POST"',
    ],
    [
      'a crop beyond the picture',
      { contentType: 'image/png', contentLength: 5, crop: { x: 2, y: 0, size: 1 } },
      'crop.x',
      'number to be <=1',
    ],
    ['a body that is no object', [], 'body', 'object'],
  ])('refuses %s by its name and says what is accepted', async (_, json, field, accepted) => {
    const { code, details } = await refusalOf({ body: { json } });
    expect({ code, field: details.field, accepted: details.accepted }).toEqual({
      code: 'invalid_request',
      field,
      accepted,
    });
  });

  it('names all refused fields, when there are several', async () => {
    const { details } = await refusalOf({ body: { json: { contentType: 'x', contentLength: 0 } } });
    expect(details.errors?.map(({ field }) => field)).toEqual(['contentType', 'contentLength']);
  });

  it('refuses an id that could leave its folder', async () => {
    const { code, details } = await refusalOf({ pathParameters: { id: '..' } });
    expect([code, details.field]).toEqual(['invalid_request', 'id']);
  });

  it.each([
    ['"3"', 3],
    ['*', undefined],
    [undefined, undefined],
  ])('reads If-Match %s as the revision %s', async (header, ifMatch) => {
    const change = {
      routeKey: 'PATCH /api/v1/attachments/{id}',
      method: 'PATCH',
      pathParameters: { id: 'f1' },
      headers: { 'content-type': 'application/json', ...(header !== undefined && { 'if-match': header }) },
      body: { json: { filename: 'x' } },
    };
    expect((await dispatch(request(change))).body).toMatchObject({ params: { id: 'f1' } });
    expect((await dispatch(request(change))).body).toHaveProperty('ifMatch', ifMatch);
  });

  it('refuses an If-Match that is no revision', async () => {
    const headers = { 'content-type': 'application/json', 'if-match': 'W/"3"' };
    const change = { routeKey: 'PATCH /api/v1/attachments/{id}', pathParameters: { id: 'f1' }, headers };
    const { details } = await refusalOf({ ...change, body: { json: { filename: 'x' } } });
    expect(details.field).toBe('If-Match');
  });

  it('refuses an Idempotency-Key with a space', async () => {
    const { details } = await refusalOf({ headers: { 'content-type': 'application/json', 'idempotency-key': 'a b' } });
    expect(details.field).toBe('Idempotency-Key');
  });

  it.each([['text/plain'], [''], ['imagetext/png']])(
    'refuses a body of type "%s" and lists the accepted ones',
    async (type) => {
      const { code, details } = await refusalOf({
        headers: { 'content-type': type },
        body: { bytes: Buffer.from('x') },
      });
      expect([code, details.accepted]).toEqual([
        'unsupported_media_type',
        'application/json, multipart/form-data, image/*',
      ]);
    },
  );

  it('refuses a request without claims even if an authorizer let it pass', async () => {
    const { claims, ...anonymous } = request({});
    await expect(dispatch(anonymous)).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it("refuses another function's operation", async () => {
    const { code } = await refusalOf({ routeKey: 'GET /api/v1/health', rawPath: '/api/v1/health/x' });
    expect(code).toBe('not_found');
  });

  it('answers a known path with another method by what it allows', async () => {
    const { code, details } = await refusalOf({ routeKey: '$default', method: 'PUT' });
    expect([code, details.allow]).toEqual(['method_not_allowed', ['POST', 'PATCH', 'GET', 'DELETE']]);
  });

  it('answers an unknown path with 404', async () => {
    const { code } = await refusalOf({ routeKey: '$default', rawPath: '/nowhere' });
    expect(code).toBe('not_found');
  });
});
