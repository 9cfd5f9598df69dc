import { describe, expect, it } from 'vitest';
import { ROUTES, routeOf, routesAt } from '../../shared/api/routes.ts';

describe('the routes of the contract', () => {
  it('are each found by the key that API Gateway gives them', () => {
    for (const entry of ROUTES) expect(routeOf(entry.routeKey)).toBe(entry);
  });

  it('have keys that differ', () => {
    expect(new Set(ROUTES.map(({ routeKey }) => routeKey)).size).toBe(ROUTES.length);
  });

  it('fit a path by its segments and decode its parameters', () => {
    const found = routesAt('/api/v1/users/ada%40example.com/avatar/info');
    expect(found).toMatchObject([
      { entry: { operationId: 'getAvatarInfo' }, pathParameters: { id: 'ada@example.com' } },
    ]);
  });

  it('tell the methods of one path apart', () => {
    const methods = routesAt('/api/v1/agents/bot/avatar').map(({ entry }) => entry.operation.method);
    expect(methods.sort()).toEqual(['DELETE', 'GET', 'PATCH', 'POST']);
  });

  it.each([
    ['an unknown path', '/api/v1/nothing'],
    ['a path that only starts alike', '/api/v1/health/ready/now'],
    ['an empty parameter', '/api/v1/users//avatar'],
    ['a malformed escape', '/api/v1/users/%E0%A4%A/avatar'],
    ['a slash at the end', '/api/v1/health/'],
  ])('do not fit %s', (_, path) => {
    expect(routesAt(path)).toEqual([]);
  });
});
