import { describe, expect, it } from 'vitest';
import { principalOf } from '../../shared/access/principal.ts';

const NAMES = { subject: 'sub', organization: 'organization', roles: 'roles' };

describe('the principal', () => {
  it.each([
    ['an array, as issuers write it', ['admin', 'service']],
    ['"[a b]", as the authorizer of an HTTP API hands it over', '[admin service]'],
  ])('has the roles of %s', (_, roles) => {
    const { roles: read } = principalOf({ sub: 'ada', organization: 'acme', roles }, NAMES);
    expect([...read]).toEqual(['admin', 'service']);
  });

  it.each([
    ['not admin', ['not admin']],
    ['viewer,admin', ['viewer,admin']],
    ['admin', ['admin']],
  ])('has exactly one role when the claim is the string "%s"', (claim, roles) => {
    expect([...principalOf({ sub: 'ada', organization: 'acme', roles: claim }, NAMES).roles]).toEqual(roles);
  });

  it('takes no part of a name with a space for a role', () => {
    expect(principalOf({ sub: 'ada', organization: 'acme', roles: ['org admin'] }, NAMES).roles.size).toBe(0);
  });

  it.each([
    ['absent', undefined],
    ['an empty list', '[]'],
    ['a number', 7],
    ['a list of numbers', [1, 2]],
  ])('has no role when the claim is %s', (_, roles) => {
    expect(principalOf({ sub: 'ada', organization: 'acme', roles }, NAMES).roles.size).toBe(0);
  });

  it('is read from the claims that the configuration names', () => {
    const names = { subject: 'cognito:username', organization: 'custom:organization', roles: 'cognito:groups' };
    const claims = { 'cognito:username': 'ada', 'custom:organization': 'acme', 'cognito:groups': '[admin]' };
    expect(principalOf(claims, names)).toMatchObject({ sub: 'ada', organizationId: 'acme' });
  });

  it('is refused without claims', () => {
    expect(() => principalOf(undefined, NAMES)).toThrow(expect.objectContaining({ code: 'unauthorized' }));
  });

  it.each([
    ['no organization', { sub: 'ada' }, 'token.organization'],
    ['an organization that could escape its key', { sub: 'ada', organization: '../x' }, 'token.organization'],
    ['an empty subject', { sub: '', organization: 'acme' }, 'token.sub'],
  ])('is refused with %s, naming the claim', (_, claims, field) => {
    expect(() => principalOf(claims, NAMES)).toThrow(
      expect.objectContaining({ code: 'forbidden', details: expect.objectContaining({ field }) }),
    );
  });
});
