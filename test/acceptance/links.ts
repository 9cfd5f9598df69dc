import { expect } from 'vitest';
import { type Answer, api } from './client.ts';
import type { Person } from './people.ts';

/** How a client of the API gets links to the bytes of attachments. */

/** The address with another value under `name`; undefined: without it. */
export function changed(link: string, name: string, value: string | undefined): URL {
  const url = new URL(link);
  if (value === undefined) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  return url;
}

export interface Link {
  readonly id: string;
  readonly url: string;
  readonly previewUrl?: string;
  readonly expiresAt?: string;
}

/** The request for links to many attachments, whatever it is answered with. */
export function urlsOf({ token }: Person, json: object): Promise<Answer> {
  return api('POST', '/attachments/urls', { token, json });
}

/** A link that is granted. */
export async function linkTo(person: Person, id: string, wish: object = {}): Promise<Link> {
  const answer = await urlsOf(person, { ids: [id], ...wish });
  expect(answer).toMatchObject({ status: 200, body: { items: [{ id, url: expect.any(String) }] } });
  return (answer.body as { items: [Link] }).items[0];
}

/** The link that a client with a token is led to. */
export async function contentOf({ token }: Person, id: string, query = ''): Promise<string> {
  const answer = await api('GET', `/attachments/${id}/content${query}`, { token });
  expect(answer).toMatchObject({ status: 302 });
  return answer.headers.get('location') ?? '';
}
