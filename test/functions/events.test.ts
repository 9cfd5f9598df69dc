import { describe, expect, it } from 'vitest';
import createUpload from '../../events/http-create-avatar-upload.json' with { type: 'json' };
import {
  apiRequestOf,
  httpResultOf,
  maintenanceMessageOf,
  purgeMessage,
  sweepMessage,
  uploadMessagesOf,
} from '../../functions/events.ts';
import { objectCreatedEvent } from '../../functions/local/s3-event.ts';
import { WORK_SHARDS } from '../../shared/metadata/dynamodb/table-schema.ts';

const BUCKET = { name: 'local', keyPrefix: '' };
const AT = new Date('2026-11-25T10:00:00Z');

function s3Message(key: string, overrides: { bucket?: string; eventName?: string } = {}): { body: string } {
  const event = objectCreatedEvent({ bucket: 'local', key, size: 1, eTag: 'e', at: AT });
  const [record] = event.Records;
  if (record && overrides.bucket) record.s3.bucket.name = overrides.bucket;
  if (record && overrides.eventName) record.eventName = overrides.eventName;
  return { body: JSON.stringify(event) };
}

describe('an API Gateway event', () => {
  it('becomes a request with its claims, parameters and headers in lower case', () => {
    const request = apiRequestOf({ ...createUpload, headers: { 'Content-Type': 'image/png', 'X-Empty': undefined } });
    expect(request).toMatchObject({
      routeKey: 'POST /api/v1/users/{id}/avatar',
      method: 'POST',
      pathParameters: { id: 'ada' },
      headers: { 'content-type': 'image/png' },
      claims: { sub: 'ada' },
    });
  });

  it.each([
    ['text', false, 'abc'],
    ['base64', true, Buffer.from('abc').toString('base64')],
  ])('has a body of bytes, sent as %s', (_, isBase64Encoded, body) => {
    const request = apiRequestOf({ ...createUpload, headers: { 'content-type': 'image/png' }, body, isBase64Encoded });
    expect(request.body).toEqual({ bytes: Buffer.from('abc') });
  });

  it('has its query read from the raw string, where a comma is a comma', () => {
    expect(apiRequestOf({ ...createUpload, rawQueryString: 'name=a%2Cb&size=small' }).query).toEqual({
      name: 'a,b',
      size: 'small',
    });
  });
});

describe('a query', () => {
  it('names each value once', () => {
    expect(() => apiRequestOf({ ...createUpload, rawQueryString: 'size=small&size=large' })).toThrow(
      expect.objectContaining({ code: 'invalid_request', details: { field: 'size', accepted: 'one value' } }),
    );
  });
});

describe('a reply', () => {
  it('is JSON that is neither cached nor sniffed, unless it says otherwise', () => {
    const common = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' };
    expect(httpResultOf({ status: 200, body: { a: 1 } })).toEqual({
      statusCode: 200,
      headers: { 'content-type': 'application/json', ...common },
      body: '{"a":1}',
    });
    expect(httpResultOf({ status: 204 })).toEqual({ statusCode: 204, headers: common });
  });
});

describe('a message of the uploads queue', () => {
  it("is S3's event of an object that a client wrote", () => {
    expect(uploadMessagesOf(s3Message('temp/uploads/u-1'), BUCKET)).toEqual([{ uploadId: 'u-1' }]);
  });

  it('has its key read as a form value, below the configured prefix', () => {
    const bucket = { name: 'local', keyPrefix: 'tenant a/' };
    expect(uploadMessagesOf(s3Message('tenant a/temp/uploads/u-1'), bucket)).toEqual([{ uploadId: 'u-1' }]);
  });

  it.each([
    ['another prefix', s3Message('avatars/users/ada/small.webp')],
    ['a folder below the uploads', s3Message('temp/uploads/u-1/x')],
    ['another bucket', s3Message('temp/uploads/u-1', { bucket: 'other' })],
    ['a deletion', s3Message('temp/uploads/u-1', { eventName: 'ObjectRemoved:Delete' })],
    ["S3's test event", { body: JSON.stringify({ Event: 's3:TestEvent' }) }],
  ])('is ignored for %s', (_, message) => {
    expect(uploadMessagesOf(message, BUCKET)).toEqual([{ ignored: expect.any(String) }]);
  });

  it.each([
    ['no JSON', '{'],
    ['a number', '7'],
    ['an empty object', '{}'],
    ['a list', '[]'],
  ])('is an error for %s, so that it ends in the dead-letter queue', (_, body) => {
    expect(() => uploadMessagesOf({ body }, BUCKET)).toThrow();
  });
});

describe('a message of the maintenance queue', () => {
  it.each([{ avatar: { entityType: 'users', entityId: 'ada' } }, { attachment: 'a-1' }] as const)(
    'that asks for a purge reads as it was written: %o',
    (purge) => {
      expect(maintenanceMessageOf({ body: purgeMessage(purge) })).toEqual({ purge });
    },
  );

  it.each([0, WORK_SHARDS.length - 1])('that asks for the sweep of shard %i reads as it was written', (shard) => {
    expect(maintenanceMessageOf({ body: sweepMessage({ shard }) })).toEqual({ sweep: { shard } });
  });

  it.each([
    ['another folder', { purge: { entityType: 'temp', entityId: 'ada' } }],
    ['an id that could leave its folder', { purge: { entityType: 'users', entityId: '../x' } }],
    ['an attachment that could leave its folder', { purge: { attachment: '../x' } }],
    ['a shard that does not exist', { sweep: { shard: WORK_SHARDS.length } }],
    ['a negative shard', { sweep: { shard: -1 } }],
    ['half a shard', { sweep: { shard: 0.5 } }],
    ['a shard in text', { sweep: { shard: '1' } }],
    ['every shard', { sweep: {} }],
    ['nothing', {}],
    ['null', null],
  ])('is an error for %s', (_, message) => {
    expect(() => maintenanceMessageOf({ body: JSON.stringify(message) })).toThrow(TypeError);
  });
});
