import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { importJWK, SignJWT } from 'jose';
import type { IssuerFile } from './token-issuer.ts';

/** `node print-token.ts ISSUER.json --sub U --org O [--role R] [--ttl S]`: a token of a running token issuer. */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    sub: { type: 'string' },
    org: { type: 'string' },
    role: { type: 'string', multiple: true, default: [] },
    ttl: { type: 'string', default: '3600' },
  },
});
const { issuer, audience, key } = JSON.parse(readFileSync(positionals[0] ?? '', 'utf8')) as IssuerFile;
const token = new SignJWT({ sub: `${values.sub}`, organization: values.org, roles: values.role })
  .setProtectedHeader({ alg: 'RS256', kid: String(key.kid) })
  .setIssuer(issuer)
  .setAudience(audience)
  .setIssuedAt()
  .setExpirationTime(Math.floor(Date.now() / 1000) + Number(values.ttl));
console.log(await token.sign(await importJWK(key, 'RS256')));
