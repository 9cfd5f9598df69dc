import { expect } from 'vitest';
import { isTerminal } from '../../shared/metadata/records.ts';
import type { UploadTicket } from '../../shared/uploads/create-upload-ticket.ts';
import { type Client, clientOf } from './client.ts';
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
  /** Since the last delete, oldest first. */
  uploads: Upload[];
}

const TICKET_MILLISECONDS = 65 * 60_000;
/** One death more could end an upload as `processing_failed`, which the model does not know. */
const MAX_CRASHES = 2;

/** Two people of one organization, who have nothing yet. */
export function createHistory(world: World): History {
  const people: Person[] = ['ada', 'bob'].map((sub) => ({ client: clientOf(world, { sub }), uploads: [] }));
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

function picked<T>(items: readonly T[], pick: number): T | undefined {
  return items[pick % Math.max(1, items.length)];
}
