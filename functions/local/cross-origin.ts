import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * The HTTP API's CORS answers for development: any origin may call, because callers prove themselves by a token in a
 * header, which a browser never adds by itself.
 */
const ALLOWED = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'Location, Retry-After, ETag',
};
const PREFLIGHT = {
  ...ALLOWED,
  'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers': 'authorization, content-type, idempotency-key, if-match',
  'access-control-max-age': '600',
};

/** Answers a preflight request (Fetch standard, 3.2.2); false for any other. */
export function answerPreflight({ method, headers }: IncomingMessage, response: ServerResponse): boolean {
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return false;
  response.writeHead(204, PREFLIGHT).end();
  return true;
}

/** Lets the page that asked read the answer. */
export function allowCrossOrigin(response: ServerResponse): void {
  for (const [name, value] of Object.entries(ALLOWED)) response.setHeader(name, value);
}
