import { describe, expect, it } from 'vitest';
import { functionOf } from '../../../functions/local/function-of-event.ts';

describe('the function of an event', () => {
  it.each([
    ['a request that needs a token', { routeKey: 'DELETE /api/v1/users/{id}/avatar' }, 'api'],
    ['a request that needs none', { routeKey: 'GET /api/v1/health' }, 'public-api'],
    ['a request of no route', { routeKey: '$default' }, 'public-api'],
    ['a message that asks for a purge', queued({ purge: { entityType: 'users', entityId: 'ada' } }), 'maintenance'],
    ['a message that asks for a sweep', queued({ sweep: { shard: 5 } }), 'maintenance'],
    ['any other message', queued({ purge: 'everything' }), 'process-upload'],
    ['the schedule', { 'detail-type': 'Scheduled Event' }, 'maintenance'],
  ])('is known for %s', (_, event, name) => {
    expect(functionOf(event)).toBe(name);
  });

  it.each([null, 'text', {}, { 'detail-type': 'Object Created' }])('is none for %j', (event) => {
    expect(functionOf(event)).toBeUndefined();
  });
});

function queued(message: object): object {
  return { Records: [{ body: JSON.stringify(message) }] };
}
