import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3StorageBackend } from '../../../shared/storage/s3/s3-storage-backend.ts';
import type { S3Options } from '../../../shared/storage/s3/s3-url-signer.ts';

/** What the server says, or that it hangs up in the middle of it. */
export interface CannedAnswer {
  /** @default 200 */
  readonly status?: number;
  /** Becomes an XML error document; a HEAD has none. */
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly hangsUp?: boolean;
}

export interface FaultyS3 {
  readonly backend: S3StorageBackend;
  readonly endpoint: string;
  /** Method and key of each request, in order. */
  readonly requests: string[];
  /** The headers of the last one. */
  headers(): IncomingHttpHeaders;
  /** The next answers, in order; the last one is given again and again. */
  answers(...answers: readonly CannedAnswer[]): void;
  close(): void;
}

const CREDENTIALS = { accessKeyId: 'id', secretAccessKey: 'secret' };

/** What the adapter needs beside the bucket, as it comes from a client that every function has. */
export function s3Options(changes: Partial<S3Options> = {}): S3Options {
  const { sha256 } = new DynamoDBClient({ region: 'eu-central-1' }).config;
  const clock = () => new Date();
  return { bucket: 'photos', region: 'eu-central-1', credentials: CREDENTIALS, sha256, clock, ...changes };
}

/** An HTTP server that gives the answers S3 gives on its bad days, and the storage that meets them. */
export async function startFaultyS3(): Promise<FaultyS3> {
  let waiting: readonly CannedAnswer[] = [];
  const requests: string[] = [];
  let headers: IncomingHttpHeaders = {};
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.replace(/^\/photos\/|\?.*/g, '')}`);
    headers = request.headers;
    const [answer = {}, ...rest] = waiting;
    if (rest.length > 0) waiting = rest;
    request.on('error', () => {}).resume();
    send(request, response, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    backend: new S3StorageBackend(s3Options({ endpoint })),
    endpoint,
    requests,
    headers: () => headers,
    answers(...answers) {
      waiting = answers;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function send(request: IncomingMessage, response: ServerResponse, answer: CannedAnswer): void {
  const { status = 200, code, headers = { etag: '"tag"', 'last-modified': 'Wed, 01 Jan 2025 00:00:00 GMT' } } = answer;
  const body =
    code === undefined ? (answer.body ?? '') : `<Error><Code>${code}</Code><Message>staged</Message></Error>`;
  response.writeHead(status, headers);
  if (answer.hangsUp) {
    response.write(body);
    setTimeout(() => response.destroy(), 20);
  } else {
    response.end(request.method === 'HEAD' ? undefined : body);
  }
}
