import { describe, expect, it } from 'vitest';
import { type Answer, api, type Ticket } from './client.ts';
import { newId, type Person, signIn } from './people.ts';
import { LARGE, LARGE_WISH, wholeRoom } from './room.ts';

/** The service's default; a target must not change it. */
const OPEN_UPLOADS_PER_USER = 20;

interface Granted {
  readonly person: Person;
  readonly ticket: Ticket;
}

/** With a key, so that a request which had to be repeated counts once. */
function ask({ avatar, token }: Person, json: object = LARGE_WISH): Promise<Answer> {
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
    const bytes = (contentLength: number) => ask(ada, { ...LARGE_WISH, contentLength });
    for (let granted = 1; granted < wholeRoom(); granted++) expect(await bytes(LARGE)).toMatchObject({ status: 201 });
    expect(await bytes(LARGE - 1)).toMatchObject({ status: 201 });
    const body = { code: 'quota_exceeded', field: 'contentLength', bytesFree: 1 };
    expect(await bytes(2)).toMatchObject({ status: 409, body });
    expect(await bytes(1)).toMatchObject({ status: 201 });
  });
});

describe('the open uploads of one person', () => {
  const letter = { filename: 'letter.txt', visibility: 'private', contentType: 'text/plain', contentLength: 1 };
  const attach = ({ token }: Person) => api('POST', '/attachments', { token, json: letter });

  it('are limited, also when all are asked for at once, until one of them ends', async () => {
    const ada = await signIn();
    const answers = await Promise.all(Array.from({ length: OPEN_UPLOADS_PER_USER + 5 }, () => attach(ada)));
    const granted = answers.filter(({ status }) => status === 201).map(({ body }) => (body as Ticket).uploadId);
    expect(granted).toHaveLength(OPEN_UPLOADS_PER_USER);
    const refused = answers.filter(({ status }) => status !== 201);
    for (const { status, body, headers } of refused) {
      expect({ status, body }).toMatchObject({ status: 429, body: { code: 'too_many_open' } });
      expect(granted).toEqual(expect.arrayContaining((body as { uploadIds: string[] }).uploadIds));
      // A ticket that nobody uses ends after 65 minutes.
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(3000);
    }
    await api('DELETE', `/uploads/${granted[0]}`, { token: ada.token });
    expect(await attach(ada)).toMatchObject({ status: 201 });
    expect(await attach(ada)).toMatchObject({ status: 429 });
  });

  it('of one avatar give way to a newer one: a ticket that was lost locks nobody out', async () => {
    const ada = await signIn();
    const small = { contentType: 'image/png', contentLength: 1 };
    const tickets: string[] = [];
    for (let count = 0; count < OPEN_UPLOADS_PER_USER + 2; count++) {
      const { status, body } = await ask(ada, small);
      expect(status).toBe(201);
      tickets.push((body as Ticket).uploadId);
    }
    const stateOf = async (id = '') => {
      const { body } = await api('GET', `/uploads/${id}`, { token: ada.token });
      return (body as { status: string }).status;
    };
    expect(await stateOf(tickets[0])).toBe('superseded');
    expect(await stateOf(tickets.at(-1))).toBe('pending');
    const { body } = await api('GET', '/uploads?status=open', { token: ada.token });
    const open = (body as { items: Ticket[] }).items.map(({ uploadId }) => uploadId);
    expect(open).toEqual(tickets.slice(2));
  });
});
