import { beforeAll, describe, expect, it } from 'vitest';
import {
  attach,
  changeAttachment,
  deleteAttachment,
  getAttachment,
  list,
  requestAttachment,
  text,
  type Visibility,
} from './attachments.ts';
import { type Answer, api } from './client.ts';
import { askForParts, completeUpload, fileInParts, listParts, planParts } from './parts.ts';
import { newId, type Person, type SignInOptions, signIn } from './people.ts';

type Relation = 'uploader' | 'colleague' | 'admin' | 'service' | 'stranger';
type People = Readonly<Record<Relation, Person>>;
type Outcome = 'done' | 'forbidden' | 'not_found';

/** Lists of a deployed service follow after a moment. */
const EVENTUALLY = { timeout: 20_000 };

const EVERYONE: readonly Relation[] = ['uploader', 'colleague', 'admin', 'service', 'stranger'];
const MEMBERS: readonly Relation[] = ['uploader', 'colleague', 'admin', 'service'];
const PRIVATE: readonly Relation[] = ['uploader', 'admin', 'service'];
const WRITERS: readonly Relation[] = ['uploader', 'admin'];
const UPLOADER: readonly Relation[] = ['uploader'];

interface Kind {
  readonly visibility: Visibility;
  readonly draft: boolean;
  readonly readers: readonly Relation[];
  readonly writers: readonly Relation[];
}

/** Who may see what, and who may change and delete it. Everyone else is told that there is no such thing. */
const KINDS: readonly Kind[] = [
  { visibility: 'public', draft: false, readers: MEMBERS, writers: WRITERS },
  { visibility: 'organization', draft: false, readers: MEMBERS, writers: WRITERS },
  { visibility: 'private', draft: false, readers: PRIVATE, writers: WRITERS },
  { visibility: 'public', draft: true, readers: UPLOADER, writers: UPLOADER },
  { visibility: 'organization', draft: true, readers: UPLOADER, writers: UPLOADER },
  { visibility: 'private', draft: true, readers: UPLOADER, writers: UPLOADER },
];

type Operation = (person: Person, id: string) => Promise<Outcome>;

const READING: Readonly<Record<string, Operation>> = {
  read: async (person, id) => outcomeOf(await getAttachment(person, id)),
  opened: async ({ token }, id) => outcomeOf(await api('GET', `/attachments/${id}/content`, { token })),
  'linked to': async ({ token }, id) =>
    resultIn(await api('POST', '/attachments/urls', { token, json: { ids: [id] } }), { url: expect.any(String) }),
};

const CHANGING: Operation = async (person, id) => outcomeOf(await changeAttachment(person, id, { filename: 'x' }));

const DELETING: Readonly<Record<string, Operation>> = {
  deleted: async (person, id) => outcomeOf(await deleteAttachment(person, id)),
  'deleted among others': async ({ token }, id) =>
    resultIn(await api('POST', '/attachments/delete', { token, json: { ids: [id] } }), { deleted: true }),
};

function outcomeOf({ status, body }: Answer): Outcome {
  if (status < 400) return 'done';
  const { code } = body as { readonly code: 'forbidden' | 'not_found' };
  expect(status).toBe(code === 'forbidden' ? 403 : 404);
  return code;
}

/** Of the only item in the answer to a request for many. */
function resultIn({ status, body }: Answer, done: object): Outcome {
  expect(status).toBe(200);
  const { items } = body as { readonly items: readonly [{ readonly code?: Outcome }] };
  expect(items).toHaveLength(1);
  if (items[0].code === undefined) expect(items[0]).toMatchObject(done);
  return items[0].code ?? 'done';
}

async function signInEveryone(): Promise<People> {
  const uploader = await signIn();
  const same = (options: SignInOptions = {}) => signIn({ org: uploader.org, ...options });
  return {
    uploader,
    colleague: await same(),
    admin: await same({ role: 'admin' }),
    service: await same({ role: 'service' }),
    stranger: await signIn({ role: 'admin' }),
  };
}

let people: People;
beforeAll(async () => {
  people = await signInEveryone();
}, 90_000);

describe.each(KINDS)('an attachment for $visibility, draft: $draft', ({ readers, writers, ...wish }) => {
  let id: string;
  const contextId = newId('chat');
  const send = async () => (await attach(people.uploader, text(), { ...wish, contextId })).id;

  beforeAll(async () => {
    id = await send();
  }, 90_000);

  /** Each relation with what it is answered. */
  async function outcomesOf(operation: Operation): Promise<Record<string, Outcome>> {
    const outcomes = EVERYONE.map(async (relation) => [relation, await operation(people[relation], id)]);
    return Object.fromEntries(await Promise.all(outcomes));
  }

  function expected(allowed: readonly Relation[]): Record<string, Outcome> {
    const refused = (relation: Relation) => (readers.includes(relation) ? 'forbidden' : 'not_found');
    return Object.fromEntries(
      EVERYONE.map((relation) => [relation, allowed.includes(relation) ? 'done' : refused(relation)]),
    );
  }

  it.each(Object.entries(READING))('is %s by who may see it', async (_, operation) => {
    expect(await outcomesOf(operation)).toEqual(expected(readers));
  });

  it('is in the lists of who may see it, unless it is a draft', async () => {
    for (const relation of EVERYONE) {
      const isListed = readers.includes(relation) && !wish.draft;
      const listed = async () => (await list(people[relation], { contextId })).items.map((one) => one.id);
      await expect.poll(listed, { ...EVENTUALLY, message: relation }).toEqual(isListed ? [id] : []);
    }
  });

  it('is opened by its bare address only if it is for everyone', async () => {
    const isOpen = wish.visibility === 'public' && !wish.draft;
    expect(outcomeOf(await api('GET', `/public/attachments/${id}`))).toBe(isOpen ? 'done' : 'not_found');
  });

  it('is changed by who may change it', async () => {
    expect(await outcomesOf(CHANGING)).toEqual(expected(writers));
  });

  it.each(Object.entries(DELETING))('is %s by who may change it', async (_, operation) => {
    const outcomes = EVERYONE.map(async (relation) => {
      const target = writers.includes(relation) ? await send() : id;
      return [relation, await operation(people[relation], target)];
    });
    expect(Object.fromEntries(await Promise.all(outcomes))).toEqual(expected(writers));
    expect(await getAttachment(people.uploader, id)).toMatchObject({ status: 200 });
  });
});

describe('the upload that an attachment came of', () => {
  /** Who may follow it, and of them, who is told what it became. */
  async function toldBy(id: string): Promise<Record<string, boolean>> {
    const elsewhere = await signIn({ sub: people.uploader.sub });
    const { uploader, admin, service } = people;
    const told = Object.entries({ uploader, admin, service, elsewhere }).map(async ([name, { token }]) => {
      const { status, body } = await api('GET', `/uploads/${id}`, { token });
      expect({ status, body }, name).toMatchObject({ status: 200, body: { uploadId: id, status: 'ready' } });
      return [name, Object.hasOwn(body as object, 'attachment')];
    });
    return Object.fromEntries(await Promise.all(told));
  }

  it('says what it became to those alone who may see that', async () => {
    const { id } = await attach(people.uploader, text(), { draft: true, visibility: 'private' });
    expect(await toldBy(id)).toEqual({ uploader: true, admin: false, service: false, elsewhere: false });
    await changeAttachment(people.uploader, id, { draft: false });
    expect(await toldBy(id)).toEqual({ uploader: true, admin: true, service: true, elsewhere: false });
  });
});

/** Everything but what is different in each answer anyway. */
function shape({ status, headers, body }: Answer): object {
  const changing = /^(date|.*request-?id.*|apigw-.*|x-amzn-trace-id|keep-alive)$/;
  const kept = [...headers].filter(([name]) => !changing.test(name));
  // As text, because the order of its fields is part of an answer too.
  return { status, headers: Object.fromEntries(kept), body: JSON.stringify({ ...(body as object), requestId: '' }) };
}

/** Each way to ask for one attachment or upload by its id. */
function everyRequest(person: Person): Readonly<Record<string, (id: string) => Promise<Answer>>> {
  const { token } = person;
  return {
    'read it': (id) => getAttachment(person, id),
    'open it': (id) => api('GET', `/attachments/${id}/content?disposition=inline`, { token }),
    'change it': (id) => changeAttachment(person, id, { filename: 'x' }),
    'change what was seen of it': (id) => changeAttachment(person, id, { filename: 'x' }, { 'if-match': '"1"' }),
    'show it to all': (id) => changeAttachment(person, id, { visibility: 'public' }),
    'delete it': (id) => deleteAttachment(person, id),
    'open it without a link': (id) => api('GET', `/public/attachments/${id}`),
    'open its preview without a link': (id) => api('GET', `/public/attachments/${id}?variant=preview`),
    'follow its upload': (id) => api('GET', `/uploads/${id}?wait=1`, { token }),
    'sign its upload again': (id) => api('POST', `/uploads/${id}/ticket`, { token }),
    'sign its parts': (uploadId) => askForParts(person, { uploadId }, [1]),
    'list its parts': (uploadId) => listParts(person, { uploadId }),
    'complete it': (uploadId) => completeUpload(person, { uploadId }, [{ partNumber: 1, etag: 'x' }]),
    'abort it': (id) => api('DELETE', `/uploads/${id}`, { token }),
  };
}

describe('another organization', () => {
  it('is answered for each id as for one that never was', async () => {
    const ada = await signIn();
    const ids = [
      (await attach(ada, text(), { visibility: 'organization' })).id,
      (await attach(ada, text(), { draft: true })).id,
      (await requestAttachment(ada, text())).uploadId,
      (await planParts(ada, fileInParts())).uploadId,
    ];
    for (const role of ['admin', 'service'] as const) {
      for (const [name, request] of Object.entries(everyRequest(await signIn({ role })))) {
        const unknown = shape(await request(newId('file')));
        expect(unknown, name).toMatchObject({ status: 404, body: expect.stringContaining('"code":"not_found"') });
        for (const id of ids) expect(shape(await request(id)), name).toEqual(unknown);
      }
    }
    for (const id of ids.slice(0, 2)) expect((await getAttachment(ada, id)).body).toMatchObject({ revision: 1 });
    for (const uploadId of ids.slice(2)) {
      const { body } = await api('GET', `/uploads/${uploadId}`, { token: ada.token });
      expect(body).toMatchObject({ status: 'pending' });
      await api('DELETE', `/uploads/${uploadId}`, { token: ada.token });
    }
  });

  it('is answered for many ids at once as for those that never were, and for public ones too', async () => {
    const ada = await signIn();
    const { token } = await signIn({ role: 'admin' });
    const { id } = await attach(ada, text(), { visibility: 'public' });
    for (const path of ['/attachments/urls', '/attachments/delete']) {
      const items = [id, 'never'].map((one) => ({ id: one, code: 'not_found' }));
      const { status, body } = await api('POST', path, { token, json: { ids: [id, 'never'] } });
      expect({ status, body }).toEqual({ status: 200, body: { items } });
    }
    expect(await getAttachment(ada, id)).toMatchObject({ status: 200 });
  });

  it('finds nothing of it in its lists, whatever it filters by', async () => {
    const ada = await signIn();
    const eve = await signIn({ role: 'admin' });
    const { contextId = '' } = await attach(ada, text(), { visibility: 'public', contextId: newId('chat') });
    await expect.poll(async () => (await list(ada, { contextId })).items.length, EVENTUALLY).toBe(1);
    const filters: Record<string, string>[] = [{}, { contextId }, { uploader: ada.sub }, { type: 'text/' }];
    for (const filter of filters) expect(await list(eve, filter)).toEqual({ items: [] });
  });
});

describe('what is deleted', () => {
  it('is answered like what never was', async () => {
    const ada = await signIn();
    const { id } = await attach(ada, text());
    expect(await deleteAttachment(ada, id)).toMatchObject({ status: 204 });
    for (const [name, request] of Object.entries(everyRequest(ada))) {
      if (/upload|parts|complete|abort/.test(name)) continue;
      expect(shape(await request(id)), name).toEqual(shape(await request(newId('file'))));
    }
  });
});
