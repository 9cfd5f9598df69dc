import { describe, expect, it } from 'vitest';
import { type Answer, api, type Ticket } from './client.ts';
import { newId, type Person, signIn } from './people.ts';
import { LARGEST, LARGEST_WISH, wholeRoom } from './room.ts';

/** The service's default; a target must not change it. */
const OPEN_UPLOADS_PER_USER = 20;

interface Granted {
  readonly person: Person;
  readonly ticket: Ticket;
}

/** With a key, so that a request which had to be repeated counts once. */
function ask({ avatar, token }: Person, json: object = LARGEST_WISH): Promise<Answer> {
  return api('POST', `${avatar}/avatar`, { token, json, headers: { 'idempotency-key': newId('request') } });
}

/** All ask at the same time. */
async function race(people: readonly Person[], json?: object): Promise<{ granted: Granted[]; refused: Answer[] }> {
  const asked = await Promise.all(people.map(async (person) => ({ person, answer: await ask(person, json) })));
  const [granted, refused] = [asked.filter(isGranted), asked.filter((one) => !isGranted(one))];
  return {
    granted: granted.map(({ person, answer }) => ({ person, ticket: answer.body as Ticket })),
    refused: refused.map(({ answer }) => answer),
  };
}

function isGranted({ answer }: { readonly answer: Answer }): boolean {
  return answer.status === 201;
}

async function abortAll(granted: readonly Granted[]): Promise<void> {
  for (const { person, ticket } of granted) {
    const aborted = await api('DELETE', `/uploads/${ticket.uploadId}`, { token: person.token });
    expect(aborted).toMatchObject({ status: 204 });
  }
}

describe('the room of an organization', () => {
  it('holds when fifty people ask at once, and again after all of it was given back', async () => {
    const org = newId('org');
    const people: Person[] = [];
    while (people.length < 50) {
      people.push(...(await Promise.all(Array.from({ length: 5 }, () => signIn({ org })))));
    }
    for (let round = 1; round <= 2; round++) {
      const { granted, refused } = await race(people);
      expect(granted).toHaveLength(wholeRoom());
      for (const answer of refused) {
        expect(answer).toMatchObject({ status: 409, body: { code: 'quota_exceeded', bytesFree: 0 } });
      }
      await abortAll(granted);
    }
  });

  it('takes a smaller picture when a larger one does not fit', async () => {
    const ada = await signIn();
    const bytes = (contentLength: number) => ask(ada, { ...LARGEST_WISH, contentLength });
    for (let granted = 1; granted < wholeRoom(); granted++) expect(await bytes(LARGEST)).toMatchObject({ status: 201 });
    expect(await bytes(LARGEST - 1)).toMatchObject({ status: 201 });
    const body = { code: 'quota_exceeded', field: 'contentLength', bytesFree: 1 };
    expect(await bytes(2)).toMatchObject({ status: 409, body });
    expect(await bytes(1)).toMatchObject({ status: 201 });
  });
});

describe('the open uploads of one person', () => {
  it('are limited, also when all are asked for at once, until one of them ends', async () => {
    const ada = await signIn();
    const small = { contentType: 'image/png', contentLength: 1 };
    const { granted, refused } = await race(Array<Person>(OPEN_UPLOADS_PER_USER + 5).fill(ada), small);
    expect(granted).toHaveLength(OPEN_UPLOADS_PER_USER);
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 429, body: { code: 'too_many_open' } });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    await abortAll(granted.slice(0, 1));
    expect(await ask(ada, small)).toMatchObject({ status: 201 });
    expect(await ask(ada, small)).toMatchObject({ status: 429 });
  });
});
