import { describe, expect, it } from 'vitest';
import type { UploadTicket } from '../../shared/api/schemas.ts';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import type { UploadStatus } from '../../shared/metadata/records.ts';
import { truncated } from '../fixtures/hostile-files.ts';
import { type Client, clientOf, type Reply } from './client.ts';
import type { Interceptor } from './intercepted-port.ts';
import { expectAtRest, objectsOf, shownTo, usageOf } from './observed-state.ts';
import { type Picture, type PlainColour, plainPicture } from './plain-pictures.ts';
import { settle } from './settle.ts';
import { createWorld, type OpenAdapters, type World } from './world.ts';

/** A story as its client lives it. */
interface Story {
  /** Without faults. */
  readonly prepare?: (world: World, ada: Client) => Promise<unknown>;
  /** Returns the upload whose end is looked at, if there is one. */
  readonly act: (ada: Client) => Promise<string | undefined>;
  readonly ends: { readonly status?: UploadStatus; readonly shown?: PlainColour };
}

const STORIES: Readonly<Record<string, Story>> = {
  'a first upload': {
    act: async (ada) => sendStubbornly(ada, await plainPicture('green')),
    ends: { status: 'ready', shown: 'green' },
  },
  'a replacement by a picture of another type': {
    prepare: publishRed,
    act: async (ada) => sendStubbornly(ada, await plainPicture('green', 'jpeg')),
    ends: { status: 'ready', shown: 'green' },
  },
  'a delete and its purge': {
    prepare: publishRed,
    async act(ada) {
      await untilAnswered(() => ada.delete());
      return undefined;
    },
    ends: {},
  },
  'a delete while a picture is on its way': {
    prepare: publishRed,
    async act(ada) {
      const uploadId = await sendStubbornly(ada, await plainPicture('green'));
      await untilAnswered(() => ada.delete());
      return uploadId;
    },
    ends: { status: 'superseded' },
  },
  'another crop': {
    prepare: publishRed,
    async act(ada) {
      // The answer to a first try may have been lost: the 409 names the render that it began.
      const { body } = await untilAnswered(() => ada.crop({ x: 0, y: 0, size: 0.5 }));
      return String(body.uploadId);
    },
    ends: { status: 'ready', shown: 'red' },
  },
  'a picture that is rejected': {
    prepare: publishRed,
    async act(ada) {
      const green = await plainPicture('green');
      return sendStubbornly(ada, { ...green, bytes: truncated(green.bytes, 0.5) });
    },
    ends: { status: 'rejected', shown: 'red' },
  },
  'a ticket that expires': {
    act: async (ada) => (await ticketStubbornly(ada, await plainPicture('green'))).uploadId,
    ends: { status: 'expired' },
  },
};

/** Where an engine answers, most of a story is waiting. */
const WORLDS_AT_ONCE = 10;

/**
 * Every call that a story makes to the outside fails once, in two ways: it did not happen, or it happened and its answer
 * was lost. Whichever it was, once everything was delivered again and swept the world is the one of the faultless story.
 */
export function describeFaults(name: string, openAdapters: OpenAdapters): void {
  describe(name, () => {
    it.each(Object.entries(STORIES))(
      'ends the same whichever call fails in %s',
      async (_, story) => {
        const calls = noteCalls();
        const faultless = await endOf(openAdapters, story, calls.interceptor);
        expect({ status: faultless.status, shown: faultless.shown }).toEqual({ status: undefined, ...story.ends });
        const faults = calls.names.flatMap((call, index) =>
          (['not made', 'answer lost'] as const).map((when) => ({ call, index, when })),
        );
        while (faults.length > 0) {
          const some = faults.splice(0, WORLDS_AT_ONCE).map(async ({ call, index, when }) => {
            const end = await endOf(openAdapters, story, failCall(index, when));
            expect(end, `call ${index}, ${call}: ${when}`).toEqual(faultless);
          });
          await Promise.all(some);
        }
      },
      240_000,
    );
  });
}

/** Plays the story to its end in a world of its own, and describes that end without ids and times. */
async function endOf(openAdapters: OpenAdapters, { prepare, act }: Story, interceptor: Interceptor) {
  const world = await createWorld(openAdapters);
  try {
    const ada = clientOf(world, { sub: 'ada' });
    await prepare?.(world, ada);
    const uploadId = await world.intercept(interceptor, async () => {
      const id = await act(ada);
      await settle(world);
      return id;
    });
    await expectAtRest(world, [ada]);
    const upload = uploadId === undefined ? undefined : await world.metadata.getUpload({ uploadId });
    return {
      status: upload?.status,
      code: upload?.code,
      shown: await shownTo(world, ada),
      objects: await objectsOf(world),
      usage: await usageOf(world),
    };
  } finally {
    await world.close();
  }
}

function noteCalls(): { readonly names: readonly string[]; readonly interceptor: Interceptor } {
  const names: string[] = [];
  return {
    names,
    interceptor: (call, proceed) => {
      names.push(call);
      return proceed();
    },
  };
}

function failCall(index: number, when: 'not made' | 'answer lost'): Interceptor {
  let calls = 0;
  return async (call, proceed) => {
    const isFailing = calls === index;
    calls += 1;
    if (!isFailing) return proceed();
    if (when === 'answer lost') await letGo(await proceed());
    throw new DependencyUnavailableError(`${call}: ${when}`);
  };
}

/** A download whose answer is lost holds no file open. */
async function letGo(answer: unknown): Promise<void> {
  if (typeof answer !== 'object' || answer === null || !('body' in answer)) return;
  await (answer.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]().return?.();
}

async function publishRed(world: World, ada: Client): Promise<void> {
  await ada.send(await plainPicture('red'));
  await settle(world);
}

async function sendStubbornly(ada: Client, picture: Picture): Promise<string> {
  const ticket = await ticketStubbornly(ada, picture);
  await ada.put(ticket, picture);
  return ticket.uploadId;
}

/** With a key, so that a second try reserves nothing twice. */
async function ticketStubbornly(ada: Client, picture: Picture): Promise<UploadTicket> {
  const { body } = await untilAnswered(() => ada.askForTicket(picture, { idempotencyKey: 'key-1' }));
  return body as unknown as UploadTicket;
}

/** A client that asks again after a 5xx, as every client must. */
async function untilAnswered(ask: () => Promise<Reply>): Promise<Reply> {
  const reply = await ask();
  return reply.status >= 500 ? ask() : reply;
}
