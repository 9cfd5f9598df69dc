import { expect } from 'vitest';
import type { UploadTicket } from '../../shared/api/schemas.ts';
import { isTerminal } from '../../shared/metadata/records.ts';
import { type Client, clientOf, type Reply } from './client.ts';
import { expectAtRest, shownTo } from './observed-state.ts';
import { type Picture, type PlainColour, plainPicture } from './plain-pictures.ts';
import { settle } from './settle.ts';
import { deliverToDyingWorker } from './worker-death.ts';
import type { Message, World } from './world.ts';

/** What people, storage, queues and workers do. `pick` chooses among what there is at that moment. */
export type Step =
  | { readonly does: 'ticket'; readonly who: number; readonly colour: PlainColour; readonly type: 'png' | 'jpeg' }
  | { readonly does: 'put'; readonly pick: number }
  | { readonly does: 'deliver'; readonly pick: number; readonly again: boolean }
  | { readonly does: 'overtake'; readonly pick: number; readonly other: number; readonly call: number }
  | { readonly does: 'crop'; readonly who: number }
  | { readonly does: 'delete'; readonly who: number }
  | { readonly does: 'pry'; readonly who: number; readonly pick: number }
  | { readonly does: 'crash'; readonly pick: number; readonly call: number }
  | { readonly does: 'sweep'; readonly minutes: number };

/** A world that lives, and the model beside it. */
export interface History {
  take(step: Step): Promise<void>;
  /** Lets everything come to rest, then holds the world against the model. */
  end(): Promise<void>;
}

/** An upload as the model knows it. */
interface Upload {
  readonly uploadId: string;
  /** Of the bytes that were sent in time, or are sent still; undefined for a render. */
  readonly colour: PlainColour | undefined;
  state: 'waits for bytes' | 'can win' | 'is over';
}

interface Ticket {
  readonly upload: Upload;
  readonly ticket: UploadTicket;
  readonly picture: Picture;
  readonly client: Client;
  /** When the sweep may take it for unused: the URL's five minutes and an hour for bytes on their way. */
  readonly overAfter: number;
}

interface Person {
  readonly client: Client;
  readonly stranger: Stranger;
  /** Since the last delete, oldest first. */
  uploads: Upload[];
}

/** Somebody with every role of another organization, before whom there must be nothing at all. */
interface Stranger {
  readonly client: Client;
  /** What was answered to all that can be tried before there was anything. */
  readonly blank: readonly Reply[];
}

const ELSEWHERE = 'elsewhere';
const NO_UPLOAD = 'id-0';
const TICKET_MILLISECONDS = 65 * 60_000;
/** One death more could end an upload as `processing_failed`, which the model does not know. */
const MAX_CRASHES = 2;

/** Two people of one organization, who have nothing yet. */
export async function createHistory(world: World): Promise<History> {
  const people = await Promise.all(['ada', 'bob'].map((sub) => newPerson(world, sub)));
  const everyUpload: Upload[] = [];
  const unused: Ticket[] = [];
  const acknowledged: Message[] = [];
  let crashes = 0;

  function begin(person: Person, upload: Upload): Upload {
    person.uploads.push(upload);
    everyUpload.push(upload);
    return upload;
  }

  async function ticket(person: Person, colour: PlainColour, type: 'png' | 'jpeg'): Promise<void> {
    const { client } = person;
    const picture = await plainPicture(colour, type);
    const granted = await client.ticket(picture);
    const upload = begin(person, { uploadId: granted.uploadId, colour, state: 'waits for bytes' });
    unused.push({ upload, ticket: granted, picture, client, overAfter: world.now().getTime() + TICKET_MILLISECONDS });
  }

  async function put(pick: number): Promise<void> {
    const [used] = unused.splice(pick % unused.length, 1);
    if (!used) return;
    if (used.upload.state === 'waits for bytes') used.upload.state = 'can win';
    await used.client.put(used.ticket, used.picture);
  }

  async function deliver(pick: number, again: boolean): Promise<void> {
    const message = picked(again ? acknowledged : world.messages, pick);
    if (message && (await world.deliver(message)) === 'acknowledged') acknowledged.push(message);
  }

  /** A worker makes its way while another one pauses in the middle of its own. */
  async function overtake(pick: number, other: number, pauseAt: number): Promise<void> {
    let calls = 0;
    await world.intercept(
      async (_, proceed) => {
        calls += 1;
        if (calls === pauseAt) await deliver(other, false);
        return proceed();
      },
      () => deliver(pick, false),
    );
  }

  async function crop(person: Person): Promise<void> {
    const { status, body } = await person.client.crop({ x: 0, y: 0, size: 0.5 });
    expect([202, 404, 409]).toContain(status);
    if (status === 202) begin(person, { uploadId: String(body.uploadId), colour: undefined, state: 'can win' });
  }

  async function remove(person: Person): Promise<void> {
    expect(await person.client.delete()).toMatchObject({ status: 204 });
    expect(await shownTo(world, person.client)).toBeUndefined();
    person.uploads = [];
  }

  /** The stranger sees what was to be seen before there was anything, and leaves everything as it stands. */
  async function pry({ stranger }: Person, pick: number): Promise<void> {
    const before = await stateOf(world, everyUpload);
    const uploadId = picked(everyUpload, pick)?.uploadId ?? NO_UPLOAD;
    expect(await tryEverything(stranger.client, uploadId)).toEqual(stranger.blank);
    expect(await stateOf(world, everyUpload)).toEqual(before);
  }

  async function crash(pick: number, call: number): Promise<void> {
    const message = picked(world.messages, pick);
    if (!message || crashes === MAX_CRASHES) return;
    crashes += 1;
    await deliverToDyingWorker(world, message, (_, index) => index === call);
  }

  async function sweep(minutes: number): Promise<void> {
    world.advance(minutes * 60_000);
    await world.sweep();
    for (const { upload, overAfter } of unused) {
      if (overAfter < world.now().getTime()) upload.state = 'is over';
    }
  }

  async function expectPictureOf({ client, uploads }: Person): Promise<void> {
    const candidates = uploads.filter(({ state }) => state === 'can win');
    const winner = candidates.at(-1);
    const record = await world.metadata.getAvatar(client.avatar);
    expect(record?.image?.readyUploadId).toBe(winner?.uploadId);
    const shown = await shownTo(world, client);
    // A render shows the picture that stood there when it was made: any that came before it.
    if (!winner || winner.colour) expect(shown).toBe(winner?.colour);
    else expect(candidates.flatMap(({ colour }) => colour ?? [])).toContain(shown);
  }

  return {
    async take(step) {
      const person = people['who' in step ? step.who : 0];
      if (!person) throw new RangeError('there are two people');
      if (step.does === 'ticket') await ticket(person, step.colour, step.type);
      else if (step.does === 'put') await put(step.pick);
      else if (step.does === 'deliver') await deliver(step.pick, step.again);
      else if (step.does === 'overtake') await overtake(step.pick, step.other, step.call);
      else if (step.does === 'crop') await crop(person);
      else if (step.does === 'delete') await remove(person);
      else if (step.does === 'pry') await pry(person, step.pick);
      else if (step.does === 'crash') await crash(step.pick, step.call);
      else await sweep(step.minutes);
    },
    async end() {
      await settle(world);
      for (const { uploadId } of everyUpload) {
        const upload = await world.metadata.getUpload({ uploadId });
        expect(upload && isTerminal(upload.status)).toBe(true);
      }
      for (const person of people) await expectPictureOf(person);
      const clients = people.map(({ client }) => client);
      await expectAtRest(world, clients);
    },
  };
}

async function newPerson(world: World, sub: string): Promise<Person> {
  const client = clientOf(world, { sub });
  const roles = ['admin', 'service'];
  const strange = clientOf(world, { sub: 'eve', organization: ELSEWHERE, roles, avatar: client.avatar });
  const blank = await tryEverything(strange, NO_UPLOAD);
  expect(blank.map(({ status }) => status)).toEqual([200, 200, 404, 404, 204, 404, 404, 404]);
  return { client, stranger: { client: strange, blank }, uploads: [] };
}

async function tryEverything({ avatar, request, ...client }: Client, uploadId: string): Promise<Reply[]> {
  const { entityType, entityId } = avatar;
  const upload = `/uploads/${uploadId}`;
  return [
    await request('GET', `/${entityType}/${entityId}/avatar/info`),
    await request('POST', '/avatars/info', { body: { [entityType]: [entityId] } }),
    await client.askForTicket(await plainPicture('red')),
    await client.crop({ x: 0, y: 0, size: 0.5 }),
    await client.delete(),
    await request('GET', upload),
    await request('POST', `${upload}/ticket`),
    await request('DELETE', upload),
  ];
}

/** Everything that a request can change. */
async function stateOf({ metadata, storage, messages }: World, uploads: readonly Upload[]): Promise<unknown[]> {
  const organizations = ['acme', ELSEWHERE].map((organizationId) => metadata.getOrganization({ organizationId }));
  const avatars = ['ada', 'bob', 'eve'].map((entityId) => metadata.getAvatar({ entityType: 'users', entityId }));
  const records = uploads.map(({ uploadId }) => metadata.getUpload({ uploadId }));
  const { files } = await storage.listFiles({ prefix: '' });
  return [...(await Promise.all([...organizations, ...avatars, ...records])), files, [...messages]];
}

function picked<T>(items: readonly T[], pick: number): T | undefined {
  return items[pick % Math.max(1, items.length)];
}
