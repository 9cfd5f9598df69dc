import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose';
import type { ClaimNames } from '../../shared/access/principal.ts';
import { InvalidConfigurationError } from '../../shared/errors.ts';
import { damagedSecret, keepSecret } from './hidden-folder.ts';

/** RFC 8725, 3.1: one algorithm, the one that API Gateway's JWT authorizer knows. */
const ALGORITHM = 'RS256';
const ISSUER = 'urn:unified-file-storage:local';
const AUDIENCE = 'unified-file-storage';
const CLOCK_SKEW_SECONDS = 5;
/** Header members that let a token choose its own key (RFC 8725, 3.10). */
const KEY_CHOOSERS = ['jku', 'jwk', 'x5u', 'x5c'] as const;

export interface TokenWish {
  readonly sub: string;
  readonly organization: string;
  readonly roles: readonly string[];
  readonly ttlSeconds: number;
}

/** Issues and verifies tokens for development. */
export interface DevIssuer {
  readonly keySet: JSONWebKeySet;
  issue(wish: TokenWish): Promise<string>;
  /** The claims of a valid token, or undefined for any other. */
  verify(token: string): Promise<Record<string, unknown> | undefined>;
}

/**
 * The issuer whose key is kept in the folder, so that a token made beside the server is accepted by it.
 * @throws InvalidConfigurationError in production: anyone who reads the folder can be anyone.
 */
export async function openDevIssuer(options: {
  readonly keyFile: string;
  readonly claimNames: ClaimNames;
  readonly nodeEnv: string | undefined;
}): Promise<DevIssuer> {
  const { keyFile, claimNames, nodeEnv } = options;
  refuseProduction(nodeEnv);
  const privateJwk = await readKey(keyFile);
  const { kty, n, e } = privateJwk;
  const publicJwk = { kty, n, e, alg: ALGORITHM, use: 'sig', kid: await calculateJwkThumbprint({ kty, n, e } as JWK) };
  const [privateKey, publicKey] = await Promise.all([importJWK(privateJwk, ALGORITHM), importJWK(publicJwk as JWK)]);
  return {
    keySet: { keys: [publicJwk as JWK] },
    issue: ({ sub, organization, roles, ttlSeconds }) =>
      new SignJWT({ [claimNames.subject]: sub, [claimNames.organization]: organization, [claimNames.roles]: roles })
        .setProtectedHeader({ alg: ALGORITHM, kid: publicJwk.kid })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + ttlSeconds)
        .sign(privateKey),
    async verify(token) {
      try {
        const { payload, protectedHeader } = await jwtVerify(token, publicKey, {
          algorithms: [ALGORITHM],
          issuer: ISSUER,
          audience: AUDIENCE,
          clockTolerance: CLOCK_SKEW_SECONDS,
          requiredClaims: ['exp'],
        });
        if (protectedHeader.kid !== publicJwk.kid || KEY_CHOOSERS.some((name) => name in protectedHeader))
          return undefined;
        return payload;
      } catch {
        return undefined;
      }
    },
  };
}

/** @throws InvalidConfigurationError in production. */
export function refuseProduction(nodeEnv: string | undefined): void {
  if (nodeEnv !== 'production') return;
  const why = 'local mode and its token issuer are for development';
  throw new InvalidConfigurationError(`NODE_ENV is "production"; ${why}; it accepts any other value`);
}

async function readKey(keyFile: string): Promise<JWK> {
  const text = await keepSecret(keyFile, makeKey);
  try {
    const key = JSON.parse(text) as JWK;
    await importJWK(key, ALGORITHM);
    return key;
  } catch (cause) {
    throw damagedSecret(keyFile, { cause });
  }
}

async function makeKey(): Promise<string> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  return JSON.stringify(await exportJWK(privateKey));
}
