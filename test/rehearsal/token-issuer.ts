import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';

/** A private key, and all that a token says of where it comes from. */
export interface IssuerFile {
  readonly issuer: string;
  readonly audience: string;
  readonly key: Readonly<Record<string, unknown>>;
}

export interface RunningIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** A shell command that prints a token when `--sub U --org O [--role R] [--ttl S]` is appended. */
  readonly tokenCommand: string;
  stop(): Promise<void>;
}

/** An OpenID provider as far as a verifier of tokens knows it: discovery and key set (OpenID Connect Discovery 1.0, 4). */
export async function startTokenIssuer(options: {
  readonly folder: string;
  readonly certificate: { readonly cert: string; readonly key: string };
}): Promise<RunningIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  const [cert, key] = await Promise.all([readFile(options.certificate.cert), readFile(options.certificate.key)]);
  const server = createServer({ cert, key });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const documents: Readonly<Record<string, object>> = {
    '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/keys` },
    '/keys': { keys: [{ ...publicJwk, kid, alg: 'RS256', use: 'sig' }] },
  };
  server.on('request', ({ url = '' }, answer) => {
    const document = documents[url];
    answer.writeHead(document ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(document ?? {}));
  });
  const audience = 'unified-file-storage';
  const file = join(options.folder, 'issuer.json');
  const said: IssuerFile = { issuer, audience, key: { ...(await exportJWK(privateKey)), kid } };
  await writeFile(file, JSON.stringify(said), { mode: 0o600 });
  return {
    issuer,
    audience,
    tokenCommand: [process.execPath, join(import.meta.dirname, 'print-token.ts'), file]
      .map((word) => JSON.stringify(word))
      .join(' '),
    async stop() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
