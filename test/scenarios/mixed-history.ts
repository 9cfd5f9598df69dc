import { expect } from 'vitest';
import type { UploadTicket } from '../../shared/api/schemas.ts';
import type { AttachmentRecord, Visibility } from '../../shared/metadata/records.ts';
import { repairQuota } from '../../shared/organizations/repair-quota.ts';
import { askToAttach, LETTER, type SentFile, VIRUS } from './attached-files.ts';
import { complete, type Plan, sendParts } from './attached-parts.ts';
import {
  expectAsTold,
  expectLists,
  expectServed,
  type FileKind,
  type ModelAttachment,
  whatBecameOf,
} from './attachment-model.ts';
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
import { expectAtRest } from './observed-state.ts';
import { type PlainColour, plainPicture } from './plain-pictures.ts';
import { createQueueSteps, type PausedSweepStep, type PauseStep, picked, type QueueStep } from './queue-steps.ts';
import { settle } from './settle.ts';
import type { Message, World } from './world.ts';

/** What happens in the world. `pick` chooses among what there is at that moment. */
export type Step =
  | { readonly does: 'attach'; readonly who: number; readonly file: FileKind; readonly draft: boolean }
  | { readonly does: 'portray'; readonly who: number; readonly colour: PlainColour }
  | { readonly does: 'put'; readonly pick: number }
  | { readonly does: 'resend'; readonly pick: number }
  | { readonly does: 'claim'; readonly pick: number }
  | { readonly does: 'show'; readonly pick: number; readonly visibility: Visibility }
  | { readonly does: 'delete'; readonly pick: number }
  | { readonly does: 'deleteTwo'; readonly pick: number }
  | { readonly does: 'abort'; readonly pick: number }
  | { readonly does: 'deletePortrait'; readonly who: number }
  | QueueStep
  | PauseStep<Step>
  | PausedSweepStep<Step>;

/** A world, and what its clients were told. */
export interface MixedHistory {
  take(step: Step): Promise<void>;
  /** Lets everything come to rest, then compares the world with what was told. `note`: what happened in it. */
  end(note: (happened: string) => void): Promise<void>;
}

interface Person {
  readonly client: Client;
  readonly portrait: AvatarModel;
}

/** A grant whose bytes were not sent yet. */
interface Grant {
  readonly upload: ModelAttachment | ModelUpload;
  readonly expiresAt: string;
  /** Undefined: nothing was sent that would have an event. */
  readonly send: () => Promise<Message | undefined>;
}

/** `NOTE` is above it, everything else is below. */
export const THRESHOLD = 999;
const NOTE: SentFile = { bytes: Buffer.alloc(1000, 'note '), contentType: 'text/plain' };
/** As long as the letter. */
const OTHER_LETTER: SentFile = { ...LETTER, bytes: Buffer.from('A LETTER') };
/** Bytes may arrive until an hour after the URL has expired. A pause of a worker is shorter than the time before that. */
const ARRIVAL_MILLISECONDS = 55 * 60_000;

/** Two people of one organization, who have nothing yet. Everything above `THRESHOLD` must be a multipart upload. */
export function createMixedHistory(world: World): MixedHistory {
  const people = ['ada', 'bob'].map(
    (sub): Person => ({ client: clientOf(world, { sub }), portrait: newAvatarModel() }),
  );
  const stranger = clientOf(world, { sub: 'eve', organization: 'elsewhere', roles: ['admin', 'service'] });
  const attachments: ModelAttachment[] = [];
  const uploadIds: string[] = [];
  const grants: Grant[] = [];
  const forms: (() => Promise<void>)[] = [];
  const queues = createQueueSteps<Step>(world, take);

  async function attach(client: Client, kind: FileKind, draft: boolean): Promise<void> {
    const file = await fileOf(kind);
    const options = { draft, ...(kind === 'form' && { method: 'POST' }) };
    const { status, body } = await askToAttach(client, file, options, `key-${attachments.length}`);
    expect(status).toBe(201);
    const { uploadId, expiresAt } = body as { readonly uploadId: string; readonly expiresAt: string };
    const upload: ModelAttachment = { uploadId, client, kind, draft, visibility: 'organization', isSent: false };
    attachments.push(upload);
    uploadIds.push(uploadId);
    const isMultipart = kind === 'parts' || kind === 'half';
    const sendParts = () => sendMultipart(upload, body as unknown as Plan, expiresAt);
    const sendWhole = () => world.writeBytes(body as unknown as UploadTicket, file.bytes);
    grants.push({ upload, expiresAt, send: isMultipart ? sendParts : sendWhole });
    if (kind === 'form') forms.push(() => resend(upload, body as unknown as UploadTicket));
  }

  /** Once the upload has ended, or its URLs have, no part is signed any more. */
  async function sendMultipart(upload: ModelAttachment, plan: Plan, expiresAt: string): Promise<Message | undefined> {
    upload.isSent = false;
    if (expiresAt <= world.now().toISOString() || (await hasEnded(world, upload.uploadId))) return undefined;
    const parts = await sendParts(world, upload.client, plan, NOTE);
    if (upload.kind === 'half') return undefined;
    expect(await complete(upload.client, plan, parts)).toMatchObject({ status: 202 });
    upload.isSent = true;
    return world.announce(plan.key);
  }

  async function portray({ client, portrait }: Person, colour: PlainColour): Promise<void> {
    const picture = await plainPicture(colour);
    const ticket = await client.ticket(picture);
    const upload: ModelUpload = { uploadId: ticket.uploadId, colours: [colour], isSent: false };
    portrait.uploads.push(upload);
    uploadIds.push(ticket.uploadId);
    grants.push({ upload, expiresAt: ticket.expiresAt, send: () => client.put(ticket, picture) });
  }

  async function put(pick: number): Promise<void> {
    const grant = picked(grants, pick);
    if (!grant) return;
    grants.splice(grants.indexOf(grant), 1);
    const { upload, expiresAt, send } = grant;
    const lateBy = world.now().getTime() - Date.parse(expiresAt);
    const isOver = await hasEnded(world, upload.uploadId);
    upload.isSent = !isOver;
    upload.isLate = !isOver && lateBy > ARRIVAL_MILLISECONDS;
    const event = await send();
    // Once an upload has ended and its clean-up is done, bytes that arrive late are known by their event alone.
    if (event && (isOver || lateBy > 0)) queues.keep(event);
  }

  /** The same form once more with other bytes, as long as it is accepted. */
  async function resend(upload: ModelAttachment, ticket: UploadTicket): Promise<void> {
    if (!upload.isSent || Date.parse(ticket.expiresAt) < world.now().getTime()) return;
    const isOver = await hasEnded(world, upload.uploadId);
    if (!isOver) upload.isResent = true;
    const event = await world.writeBytes(ticket, OTHER_LETTER.bytes);
    if (isOver) queues.keep(event);
  }

  async function change({ client, uploadId }: ModelAttachment, body: object): Promise<boolean> {
    const { status } = await client.request('PATCH', `/attachments/${uploadId}`, { body });
    expect([200, 404]).toContain(status);
    return status === 200;
  }

  async function remove(attachment: ModelAttachment): Promise<void> {
    const url = `/attachments/${attachment.uploadId}`;
    const { status } = await attachment.client.request('DELETE', url);
    expect([204, 404]).toContain(status);
    if (status === 204) attachment.isDeleted = true;
    expect(await attachment.client.request('GET', url)).toMatchObject({ status: 404 });
  }

  /** Two neighbours, of which only those are deleted that belong to the caller. */
  async function removeTwo(pick: number): Promise<void> {
    const two = [picked(attachments, pick), picked(attachments, pick + 1)].flatMap((each) => each ?? []);
    const client = two[0]?.client;
    const body = { ids: [...new Set(two.map(({ uploadId }) => uploadId))] };
    const reply = await client?.request('POST', '/attachments/delete', { body });
    const items = (reply?.body.items ?? []) as { readonly id: string; readonly deleted?: true }[];
    for (const { id, deleted } of items) {
      const attachment = two.find(({ uploadId }) => uploadId === id);
      if (deleted) expect(attachment?.client).toBe(client);
      if (deleted && attachment) attachment.isDeleted = true;
    }
  }

  async function abort(attachment: ModelAttachment): Promise<void> {
    const { status } = await attachment.client.request('DELETE', `/uploads/${attachment.uploadId}`);
    expect([204, 409]).toContain(status);
    if (status === 204) attachment.isAborted = true;
  }

  async function alter(step: Extract<Step, { does: 'claim' | 'show' }>): Promise<void> {
    const attachment = picked(attachments, step.pick);
    if (!attachment) return;
    if (step.does === 'claim') attachment.isClaimed ||= await change(attachment, { draft: false });
    else if (await change(attachment, { visibility: step.visibility })) attachment.visibility = step.visibility;
  }

  async function end(step: Extract<Step, { does: 'delete' | 'abort' }>): Promise<void> {
    const attachment = picked(attachments, step.pick);
    if (attachment) await (step.does === 'delete' ? remove(attachment) : abort(attachment));
  }

  async function removePortrait({ client, portrait }: Person): Promise<void> {
    expect(await client.delete()).toMatchObject({ status: 204 });
    forgetUploads(portrait);
  }

  async function take(step: Step): Promise<void> {
    const person = people['who' in step ? step.who : 0];
    if (!person) throw new RangeError('there are two people');
    if (step.does === 'attach') await attach(person.client, step.file, step.draft);
    else if (step.does === 'portray') await portray(person, step.colour);
    else if (step.does === 'put') await put(step.pick);
    else if (step.does === 'resend') await picked(forms, step.pick)?.();
    else if (step.does === 'deleteTwo') await removeTwo(step.pick);
    else if (step.does === 'deletePortrait') await removePortrait(person);
    else if (step.does === 'claim' || step.does === 'show') await alter(step);
    else if (step.does === 'delete' || step.does === 'abort') await end(step);
    else await queues.take(step);
    await expectServed(world, attachments);
    for (const { client, portrait } of people) await expectSound(world, client, portrait);
  }

  async function noteEnds(note: (happened: string) => void): Promise<void> {
    for (const uploadId of uploadIds) {
      const upload = await world.metadata.getUpload({ uploadId });
      expect(await hasEnded(world, uploadId)).toBe(true);
      note(`${upload?.kind} ${upload?.status}`);
    }
  }

  return {
    take,
    async end(note) {
      await settle(world);
      await noteEnds(note);
      const found: AttachmentRecord[] = [];
      const members = people.map(({ client }) => client);
      for (const attachment of attachments) {
        const file = await expectAsTold(world, attachment, { members, stranger });
        if (file) found.push(file);
        note(whatBecameOf(attachment, file));
      }
      await expectLists(found, { members, stranger });
      for (const { client, portrait } of people) await expectLatest(world, client, portrait);
      await expectAtRest(world, members, found);
      const repaired = await repairQuota({ ...world, sleep: async () => {} }, { organizationId: 'acme' });
      expect(repaired).toEqual({ result: uploadIds.length > 0 ? 'right' : 'unknown' });
    },
  };
}

async function fileOf(kind: FileKind): Promise<SentFile> {
  if (kind === 'picture') return plainPicture('red');
  return { letter: LETTER, form: LETTER, virus: VIRUS, parts: NOTE, half: NOTE }[kind];
}
