import type { IncomingMessage } from 'node:http';

const DISCARDED_BYTES = 64 * 1024 ** 2;

/** The body as it arrives. Unlike the request itself, leaving it early does not end the connection. */
export function bodyOf(request: IncomingMessage): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
}

/** The whole body; undefined for one with more than `limit` bytes, of which nothing is kept. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of bodyOf(request)) {
    bytes += chunk.byteLength;
    if (bytes > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Reads on after the answer was given, for a while: closing a connection with unread bytes resets it, and a client
 * that is still sending may never see why.
 */
export async function discardBody(request: IncomingMessage): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of bodyOf(request)) {
      bytes += chunk.byteLength;
      if (bytes > DISCARDED_BYTES) return;
    }
  } catch {
    // the client is gone, and the answer with it
  }
}
