import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { openDevIssuer } from '../../functions/local/dev-issuer.ts';
import { openHiddenFolder } from '../../functions/local/hidden-folder.ts';
import { type LocalMode, startLocalMode } from '../../functions/local/local-mode.ts';
import { readConfig } from '../../shared/config.ts';
import { printRatios } from './print-ratios.ts';

/*
 * What an API call costs over HTTP, against a bare node:http handler that reads the same body and answers as many
 * bytes: one client, one connection, one process, so that the ratios hold on any machine. A ticket is a token verified,
 * a body checked, quota reserved in a durable transaction, and an address signed.
 */

const SILENT = { info: () => {}, warn: () => {}, error: () => {} };
const TICKET_REQUEST = JSON.stringify({ contentType: 'image/png', contentLength: 1 });
/** Each may have 1,000 uploads open; the benchmark never comes near the sum. */
const PEOPLE = 200;

describe('a request', () => {
  let folder: string;
  let local: LocalMode;
  let bare: Server;
  let tokens: string[];
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bench-'));
    const config = readConfig({
      UPLOAD_DIRECTORY: folder,
      PORT: '0',
      OPEN_UPLOADS_PER_USER: '1000',
      ORGANIZATION_FILES: '1000000',
    });
    local = await startLocalMode({ config, nodeEnv: 'test', log: SILENT, clock: () => new Date() });
    tokens = await issueTokens(folder);
    const answer = 'x'.repeat(600);
    bare = createServer((incoming, outgoing) => {
      incoming.resume().on('end', () => outgoing.writeHead(201, { 'content-type': 'application/json' }).end(answer));
    }).listen(0, '127.0.0.1');
    await once(bare, 'listening');
  });
  afterAll(async () => {
    agent.destroy();
    bare.close();
    await local.stop();
    await rm(folder, { recursive: true });
  });

  it('for a ticket or for info costs this much more than a bare handler', { timeout: 120_000 }, async ({ bench }) => {
    let calls = 0;
    const token = () => `Bearer ${tokens[calls++ % PEOPLE]}`;
    const bareUrl = `http://127.0.0.1:${(bare.address() as AddressInfo).port}/`;
    const api = `${local.url}/api/v1`;
    const results = await bench.compare(
      bench('a bare handler', () => send(agent, 'POST', bareUrl, token(), TICKET_REQUEST)),
      bench('a ticket', () => send(agent, 'POST', `${api}/agents/bot/avatar`, token(), TICKET_REQUEST)),
      bench('avatar info', () => send(agent, 'GET', `${api}/agents/bot/avatar/info`, token())),
    );
    printRatios(results, ['a bare handler', 'a ticket', 'avatar info']);
  });
});

async function issueTokens(folder: string): Promise<string[]> {
  const { signingKey } = await openHiddenFolder(folder);
  const claimNames = { subject: 'sub', organization: 'organization', roles: 'roles' };
  const issuer = await openDevIssuer({ keyFile: signingKey, claimNames, nodeEnv: 'test' });
  const people = Array.from({ length: PEOPLE }, (_, index) => `person-${index}`);
  return Promise.all(people.map((sub) => issuer.issue({ sub, organization: 'acme', roles: [], ttlSeconds: 3600 })));
}

/** @throws if the answer is not a success: refusals would be fast, and measure nothing. */
async function send(agent: Agent, method: string, url: string, authorization: string, body?: string): Promise<void> {
  const outgoing = request(url, { agent, method, headers: { authorization, 'content-type': 'application/json' } });
  outgoing.end(body);
  const [incoming] = await once(outgoing, 'response');
  if (incoming.statusCode >= 300) throw new Error(`${method} ${url} answered ${incoming.statusCode}`);
  await once(incoming.resume(), 'end');
}
