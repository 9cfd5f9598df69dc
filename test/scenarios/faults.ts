import { describe, expect, it } from 'vitest';
import type { UploadTicket } from '../../shared/api/schemas.ts';
import type { UploadStatus } from '../../shared/metadata/records.ts';
import { truncated } from '../fixtures/hostile-files.ts';
import { type Client, clientOf } from './client.ts';
import { endTheSame, untilAnswered } from './each-fault.ts';
import type { Interceptor } from './intercepted-port.ts';
import { expectAtRest, objectsOf, shownTo, usageOf } from './observed-state.ts';
import { type Picture, type PlainColour, plainPicture } from './plain-pictures.ts';
import { settle } from './settle.ts';
import { createWorld, type OpenAdapters, type World } from './world.ts';

/** A story as its client sees it. */
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
  'a replacement by an image of another type': {
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
  'a delete while an image is being sent': {
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
      // The response to a first try may have been lost: the 409 names the render that it began.
      const { body } = await untilAnswered(() => ada.crop({ x: 0, y: 0, size: 0.5 }));
      return String(body.uploadId);
    },
    ends: { status: 'ready', shown: 'red' },
  },
  'an image that is rejected': {
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

/** Whichever call of a story fails, once everything was delivered again and swept the world is the faultless one. */
export function describeFaults(name: string, openAdapters: OpenAdapters): void {
  describe(name, () => {
    it.each(Object.entries(STORIES))(
      'ends the same whichever call fails in %s',
      async (_, story) => {
        const faultless = await endTheSame((interceptor) => endOf(openAdapters, story, interceptor));
        expect({ status: faultless.status, shown: faultless.shown }).toEqual({ status: undefined, ...story.ends });
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
      objects: (await objectsOf(world)).map((object) => ({ ...object, key: withoutFolder(object.key) })),
      usage: await usageOf(world),
    };
  } finally {
    await world.close();
  }
}

/** The folder of a version is the id of its upload: another one after each fault. */
function withoutFolder(key: string): string {
  return key.replace(/\/id-\d+\//, '/');
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
