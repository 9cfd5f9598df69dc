import { exec } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';

/** What a chat's own server does for a person who is signed in. */
export interface Client {
  /** Sends a file and waits until it is there. Resolves to its id. */
  attach(wish: object, bytes: Uint8Array): Promise<string>;
  /** What the service says of an attached image. */
  attachment(id: string): Promise<AttachedImage>;
  /** Links to the bytes, as the service hands them out now. */
  contentUrls(ids: readonly string[]): Promise<string[]>;
}

export interface AttachedImage {
  readonly width: number;
  readonly height: number;
  readonly contentUrl: string;
  readonly preview: { readonly width: number; readonly height: number };
}

/** Somebody new in a new organization. */
export async function signInAt({ baseUrl, tokenCommand }: { baseUrl: string; tokenCommand: string }): Promise<Client> {
  const command = `${tokenCommand} --sub user-${randomUUID()} --org org-${randomUUID()}`;
  const token = (await promisify(exec)(command)).stdout.trim();
  const request = async <Body>(method: string, path: string, json?: object): Promise<Body> => {
    const answer = await fetch(`${baseUrl}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(json && { body: JSON.stringify(json) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Body;
  };
  return {
    async attach(wish, bytes) {
      const ticket = await request<{ uploadId: string; url: string; headers: Record<string, string> }>(
        'POST',
        '/attachments',
        { ...wish, contentLength: bytes.length },
      );
      const sent = await fetch(ticket.url, {
        method: 'PUT',
        headers: ticket.headers,
        body: bytes as Uint8Array<ArrayBuffer>,
      });
      if (!sent.ok) throw new Error(`the bytes were refused: ${sent.status}`);
      const { status } = await request<{ status: string }>('GET', `/uploads/${ticket.uploadId}?wait=20`);
      if (status !== 'ready') throw new Error(`the upload is ${status}`);
      return ticket.uploadId;
    },
    attachment: (id) => request('GET', `/attachments/${id}`),
    contentUrls: (ids) =>
      Promise.all(ids.map(async (id) => (await request<AttachedImage>('GET', `/attachments/${id}`)).contentUrl)),
  };
}
