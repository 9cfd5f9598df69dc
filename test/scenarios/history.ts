import { expect } from 'vitest';
import type { UploadTicket } from '../../shared/api/schemas.ts';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { repairQuota } from '../../shared/organizations/repair-quota.ts';
import { truncated } from '../fixtures/hostile-files.ts';
import {
  type AvatarModel,
  expectLatest,
  expectSound,
  forgetUploads,
  hasEnded,
  type ModelUpload,
  newAvatarModel,
} from './avatar-model.ts';
import { type Client, clientOf } from './client.ts';
import { pry, type Stranger, strangerTo } from './foreign-eyes.ts';
import { failing, passThrough } from './intercepted-port.ts';
import { expectAtRest, shownTo } from './observed-state.ts';
import { type Picture, type PlainColour, plainPicture } from './plain-pictures.ts';
import { createQueueSteps, type PausedSweepStep, type PauseStep, picked, type QueueStep } from './queue-steps.ts';
import { settle } from './settle.ts';
import type { Message, World } from './world.ts';

/** What people, storage, queues and workers do. `pick` chooses among what there is at that moment. */
export type Step =
  | { readonly does: 'ticket'; readonly who: number; readonly image: SentImage }
  | { readonly does: 'put'; readonly pick: number }
  | { readonly does: 'early'; readonly pick: number; readonly isFaulty: boolean }
  | { readonly does: 'resend'; readonly pick: number; readonly colour: PlainColour }
  | { readonly does: 'crop'; readonly who: number }
  | { readonly does: 'delete'; readonly who: number }
  | { readonly does: 'abort'; readonly pick: number }
  | { readonly does: 'pry'; readonly who: number; readonly pick: number }
  | QueueStep
  | PauseStep<Step>
  | PausedSweepStep<Step>;

/** `form`: a PNG that is sent with a form, and has the same length as all of them. `broken`: a PNG that is cut off. */
export interface SentImage {
  readonly colour: PlainColour;
  readonly as: 'png' | 'jpeg' | 'form' | 'broken';
}

/** A world, and the model that it is compared with. */
export interface History {
  take(step: Step): Promise<void>;
  /** Lets everything come to rest, then compares the world with the model. `note`: what happened in it. */
  end(note: (happened: string) => void): Promise<void>;
}

/** A ticket, and what is sent with it. */
interface Grant {
  readonly upload: ModelUpload;
  readonly ticket: UploadTicket;
  readonly picture: Picture;
  readonly client: Client;
}

interface Person {
  readonly client: Client;
  readonly stranger: Stranger;
  readonly model: AvatarModel;
}

/** Bytes may arrive until an hour after the URL has expired. A pause of a worker is shorter than the time before that. */
const ARRIVAL_MILLISECONDS = 55 * 60_000;
/** Longer than any of the images. */
const FORM_LENGTH = 4096;

/** Two people of one organization, who have nothing yet. */
export async function createHistory(world: World): Promise<History> {
  const people = await Promise.all(['ada', 'bob'].map((sub) => newPerson(world, sub)));
  const everyUpload: { readonly upload: ModelUpload; readonly client: Client }[] = [];
  const unused: Grant[] = [];
  const forms: Grant[] = [];
  const queues = createQueueSteps<Step>(world, take);

  function begin({ client, model }: Person, upload: ModelUpload): ModelUpload {
    model.uploads.push(upload);
    everyUpload.push({ upload, client });
    return upload;
  }

  async function ticket(person: Person, image: SentImage): Promise<void> {
    const picture = await pictureOf(image);
    const granted = await person.client.ticket(picture, { method: image.as === 'form' ? 'POST' : 'PUT' });
    const { uploadId } = granted;
    const isBroken = image.as === 'broken';
    const upload = begin(person, { uploadId, colours: [image.colour], isSent: false, isBroken });
    unused.push({ upload, ticket: granted, picture, client: person.client });
  }

  async function put(pick: number): Promise<void> {
    const grant = picked(unused, pick);
    if (!grant) return;
    unused.splice(unused.indexOf(grant), 1);
    const { upload, ticket: used, client, picture } = grant;
    const lateBy = world.now().getTime() - Date.parse(used.expiresAt);
    const isOver = await hasEnded(world, upload.uploadId);
    upload.isSent = !isOver;
    upload.isLate = !isOver && lateBy > ARRIVAL_MILLISECONDS;
    const event = await client.put(used, picture);
    keepIf(isOver || lateBy > 0, event);
    if (used.method === 'POST') forms.push(grant);
  }

  /** A message about a ticket whose bytes have not come. */
  async function early(pick: number, isFaulty: boolean): Promise<void> {
    const { uploadId } = picked(unused, pick)?.upload ?? {};
    const message = { queue: 'uploads', body: JSON.stringify({ uploadId }) } as const;
    const noInfo = failing('storage.getFileInfo', new DependencyUnavailableError('slow down'));
    if (uploadId) await world.intercept(isFaulty ? noInfo : passThrough, () => world.deliver(message));
  }

  /** The same form once more with another image, as long as it is accepted. */
  async function resend(pick: number, colour: PlainColour): Promise<void> {
    const { ticket: used, upload, client } = picked(forms, pick) ?? {};
    if (!used || !upload || !client || Date.parse(used.expiresAt) < world.now().getTime()) return;
    const isOver = await hasEnded(world, upload.uploadId);
    if (!isOver) upload.isResent = true;
    if (!isOver) upload.colours?.push(colour);
    keepIf(isOver, await client.put(used, await pictureOf({ colour, as: 'form' })));
  }

  /** Once an upload has ended and its clean-up is done, bytes that arrive late are known by their event alone. */
  function keepIf(isNeeded: boolean, event: Message): void {
    if (isNeeded) queues.keep(event);
  }

  async function crop(person: Person): Promise<void> {
    const published = (await world.metadata.getAvatar(person.client.avatar))?.readyUploadId;
    const { status, body } = await person.client.crop({ x: 0, y: 0, size: 0.5 });
    expect(published === undefined ? [404] : [202, 409]).toContain(status);
    if (status !== 202) return;
    const source = person.model.uploads.find(({ uploadId }) => uploadId === published);
    begin(person, { uploadId: String(body.uploadId), colours: undefined, source, isSent: true });
  }

  async function remove({ client, model }: Person): Promise<void> {
    expect(await client.delete()).toMatchObject({ status: 204 });
    forgetUploads(model);
    expect(await shownTo(world, client)).toBeUndefined();
  }

  async function abort(pick: number): Promise<void> {
    const { upload, client } = picked(everyUpload, pick) ?? {};
    if (!upload || !client) return;
    const isLeased = await hasLease(world, upload);
    const { status } = await client.request('DELETE', `/uploads/${upload.uploadId}`);
    expect(isLeased ? [409] : [204, 409]).toContain(status);
    if (status === 204) upload.isAborted = true;
  }

  async function take(step: Step): Promise<void> {
    const person = people['who' in step ? step.who : 0];
    if (!person) throw new RangeError('there are two people');
    const uploadIds = everyUpload.map(({ upload }) => upload.uploadId);
    if (step.does === 'ticket') await ticket(person, step.image);
    else if (step.does === 'put') await put(step.pick);
    else if (step.does === 'early') await early(step.pick, step.isFaulty);
    else if (step.does === 'resend') await resend(step.pick, step.colour);
    else if (step.does === 'crop') await crop(person);
    else if (step.does === 'delete') await remove(person);
    else if (step.does === 'abort') await abort(step.pick);
    else if (step.does === 'pry')
      await pry(world, person.stranger, { uploadId: picked(uploadIds, step.pick), uploadIds });
    else await queues.take(step);
    for (const { client, model } of people) await expectSound(world, client, model);
  }

  return {
    take,
    async end(note) {
      await settle(world);
      for (const { client, model } of people) await expectLatest(world, client, model);
      for (const { upload } of everyUpload) note(await endOf(world, upload));
      await expectAtRest(
        world,
        people.map(({ client }) => client),
      );
      for (const { client } of people) {
        expect((await world.metadata.getAvatar(client.avatar))?.retired).toBeUndefined();
      }
      const repaired = await repairQuota({ ...world, sleep: async () => {} }, { organizationId: 'acme' });
      expect(repaired).toEqual({ result: everyUpload.length > 0 ? 'right' : 'unknown' });
    },
  };
}

async function newPerson(world: World, sub: string): Promise<Person> {
  const client = clientOf(world, { sub });
  return { client, stranger: await strangerTo(world, client), model: newAvatarModel() };
}

async function hasLease({ metadata, now }: World, { uploadId }: ModelUpload): Promise<boolean> {
  const { status, leaseUntil = '' } = (await metadata.getUpload({ uploadId })) ?? {};
  return status === 'processing' && leaseUntil >= now().toISOString();
}

async function endOf(world: World, { uploadId }: ModelUpload): Promise<string> {
  const upload = await world.metadata.getUpload({ uploadId });
  expect(await hasEnded(world, uploadId)).toBe(true);
  return `${upload?.kind} ${upload?.status}`;
}

async function pictureOf({ colour, as }: SentImage): Promise<Picture> {
  const picture = await plainPicture(colour, as === 'jpeg' ? 'jpeg' : 'png');
  if (as === 'broken') return { ...picture, bytes: truncated(picture.bytes, 0.6) };
  if (as !== 'form') return picture;
  // Bytes after a PNG's end are no part of the image.
  return { ...picture, bytes: Buffer.concat([picture.bytes, Buffer.alloc(FORM_LENGTH - picture.bytes.length)]) };
}
