import { describe, expect, it } from 'vitest';
import type { UploadTicket } from '../../shared/api/schemas.ts';
import { askToAttach, isQuotaRight, keysOf, LETTER, type SentFile } from './attached-files.ts';
import { complete, planParts, sendParts } from './attached-parts.ts';
import { type Client, clientOf } from './client.ts';
import { endTheSame, untilAnswered } from './each-fault.ts';
import type { Interceptor } from './intercepted-port.ts';
import { usageOf } from './observed-state.ts';
import { plainPicture } from './plain-pictures.ts';
import { drain, settle } from './settle.ts';
import { createWorld, type OpenAdapters, type World } from './world.ts';

/** A story as its client sees it. */
interface Story {
  /** Without faults. */
  readonly prepare?: (world: World, ada: Client) => Promise<string>;
  /** Returns the upload whose end is looked at. `before`: what `prepare` returned. */
  readonly act: (world: World, ada: Client, before: string) => Promise<string>;
  readonly ends: { readonly status: string; readonly draft?: boolean; readonly objects: number };
}

const STORIES: Readonly<Record<string, Story>> = {
  'a letter': {
    act: (_world, ada) => send(ada, LETTER),
    ends: { status: 'ready', draft: false, objects: 1 },
  },
  'an image with its preview': {
    act: async (_world, ada) => send(ada, await plainPicture('red')),
    ends: { status: 'ready', draft: false, objects: 2 },
  },
  'an image that is deleted': {
    prepare: async (world, ada) => publish(world, ada, await plainPicture('red')),
    async act(_world, ada, id) {
      await untilAnswered(() => ada.request('DELETE', `/attachments/${id}`));
      return id;
    },
    ends: { status: 'ready', objects: 0 },
  },
  'a file that is rejected': {
    act: (_world, ada) =>
      send(ada, { bytes: Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), contentType: 'image/heic' }),
    ends: { status: 'rejected', objects: 0 },
  },
  'a draft that is never claimed': {
    act: (_world, ada) => send(ada, LETTER, { draft: true }),
    ends: { status: 'ready', objects: 0 },
  },
  'a draft that is claimed': {
    prepare: (world, ada) => publish(world, ada, LETTER, { draft: true }),
    async act(_world, ada, id) {
      await untilAnswered(() => ada.request('PATCH', `/attachments/${id}`, { body: { draft: false } }));
      return id;
    },
    ends: { status: 'ready', draft: false, objects: 1 },
  },
  'a multipart upload': {
    async act(world, ada) {
      const plan = await planParts(ada, NOTE);
      const parts = await sendParts(world, ada, plan, NOTE);
      await untilAnswered(() => complete(ada, plan, parts));
      await world.announce(plan.key);
      return plan.uploadId;
    },
    ends: { status: 'ready', draft: false, objects: 1 },
  },
  'a multipart upload that is aborted': {
    async act(world, ada) {
      const plan = await planParts(ada, NOTE);
      await sendParts(world, ada, plan, NOTE);
      await untilAnswered(() => ada.request('DELETE', `/uploads/${plan.uploadId}`));
      return plan.uploadId;
    },
    ends: { status: 'aborted', objects: 0 },
  },
  'a multipart upload that is never completed': {
    act: async (_world, ada) => (await planParts(ada, NOTE)).uploadId,
    ends: { status: 'expired', objects: 0 },
  },
};

/** Whichever call of a story fails, once everything was delivered again and swept the world is the faultless one. */
export function describeAttachmentFaults(name: string, openAdapters: OpenAdapters): void {
  describe(name, () => {
    it.each(Object.entries(STORIES))(
      'ends the same whichever call fails in %s',
      async (_, story) => {
        const end = await endTheSame((interceptor) => endOf(openAdapters, story, interceptor));
        expect(end).toMatchObject({ isQuotaRight: true, usage: { openUploads: 0 } });
        const { status, attachment, objects } = end;
        expect({ status, draft: attachment?.draft, objects: objects.length }).toEqual({
          draft: undefined,
          ...story.ends,
        });
      },
      240_000,
    );
  });
}

async function endOf(openAdapters: OpenAdapters, { prepare, act }: Story, interceptor: Interceptor) {
  const world = await createWorld(openAdapters, { settings: { attachments: SETTINGS } });
  try {
    const ada = clientOf(world, { sub: 'ada' });
    const before = (await prepare?.(world, ada)) ?? '';
    const uploadId = await world.intercept(interceptor, async () => {
      const id = await act(world, ada, before);
      await settle(world);
      return id;
    });
    const upload = await world.metadata.getUpload({ uploadId });
    const file = await world.metadata.getAttachment({ fileId: uploadId });
    return {
      status: upload?.status,
      code: upload?.code,
      attachment: file && { status: file.status, draft: file.draft, size: file.size, preview: file.preview?.bytes },
      objects: (await keysOf(world)).map((key) => key.replace(/\/[^/]*$/, '')),
      usage: await usageOf(world),
      isQuotaRight: await isQuotaRight(world),
    };
  } finally {
    await world.close();
  }
}

/** So little is sent in parts that one is enough. */
const NOTE: SentFile = { bytes: Buffer.alloc(1000, 'note '), contentType: 'text/plain' };
const MIB = 1024 ** 2;
const SETTINGS = { maxBytes: 100 * MIB, types: ['*'], multipartThreshold: 999, stripMaxBytes: MIB };

async function send(ada: Client, file: SentFile, options: object = {}): Promise<string> {
  const { body } = await untilAnswered(() => askToAttach(ada, file, options));
  const ticket = body as unknown as UploadTicket;
  await ada.put(ticket, file as Parameters<Client['put']>[1]);
  return ticket.uploadId;
}

/** Published; a draft has its whole day left. */
async function publish(world: World, ada: Client, file: SentFile, options?: object): Promise<string> {
  const id = await send(ada, file, options);
  await drain(world);
  return id;
}
