import { expect, inject } from 'vitest';
import { api, type Ticket } from './client.ts';
import type { Person } from './people.ts';

/** The largest avatar, in bytes. */
export const LARGEST_AVATAR = 40 * 1024 ** 2;
/** A large one: by reserving it again and again, tests measure what an organization has free. */
export const LARGE = 10 * 1024 ** 2;
export const LARGE_WISH = { contentType: 'image/png', contentLength: LARGE };

/** How many large avatars fit into a new organization, which a single held byte makes one less. */
export function wholeRoom(): number {
  const { organizationBytes } = inject('target');
  expect(organizationBytes % LARGE, 'a whole number of large avatars').toBe(0);
  return organizationBytes / LARGE;
}

/** How many large avatars still fit: counted by reserving them all, then released. */
export async function freeRoom({ avatar, token }: Person): Promise<number> {
  const granted: string[] = [];
  for (;;) {
    const answer = await api('POST', `${avatar}/avatar`, { token, json: LARGE_WISH });
    if (answer.status !== 201) {
      expect(answer).toMatchObject({ status: 409, body: { code: 'quota_exceeded' } });
      break;
    }
    granted.push((answer.body as Ticket).uploadId);
  }
  for (const uploadId of granted) {
    expect(await api('DELETE', `/uploads/${uploadId}`, { token })).toMatchObject({ status: 204 });
  }
  return granted.length;
}
