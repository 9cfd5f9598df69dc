import { RequestRefusedError } from '../errors.ts';
import { ID_ACCEPTS, isSafeId } from '../storage/object-keys.ts';

/** Who calls, as a verified token says. */
export interface Principal {
  readonly sub: string;
  readonly organizationId: string;
  readonly roles: ReadonlySet<string>;
}

/** Which claims carry the three facts; tokens of different issuers name them differently. */
export interface ClaimNames {
  readonly subject: string;
  readonly organization: string;
  readonly roles: string;
}

/**
 * Reads the caller from the claims of a token that was verified before.
 * @throws RequestRefusedError 401 without claims, 403 if the subject or the organization is missing or not an id.
 */
export function principalOf(claims: Readonly<Record<string, unknown>> | undefined, names: ClaimNames): Principal {
  if (!claims) throw new RequestRefusedError('unauthorized', 'a valid token is needed');
  return {
    sub: idClaim(claims, names.subject),
    organizationId: idClaim(claims, names.organization),
    roles: new Set(listClaim(claims[names.roles])),
  };
}

function idClaim(claims: Readonly<Record<string, unknown>>, name: string): string {
  const value = claims[name];
  if (typeof value === 'string' && isSafeId(value)) return value;
  throw new RequestRefusedError('forbidden', `the token's claim "${name}" is missing or not an id`, {
    field: `token.${name}`,
    accepted: ID_ACCEPTS,
  });
}

/**
 * A list of names: an array as the issuer wrote it, or "[a b]", which is what the JWT authorizer of API Gateway's HTTP
 * APIs makes of an array. A plain string is one name. A name with a space in it cannot be told apart in the second form,
 * so it counts in none: a part of it must never become a role.
 */
function listClaim(value: unknown): string[] {
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string' && !/\s/.test(item));
  if (typeof value !== 'string') return [];
  const flattened = /^\[(.*)\]$/.exec(value)?.[1];
  return flattened === undefined ? [value] : flattened.split(' ').filter((item) => item !== '');
}
