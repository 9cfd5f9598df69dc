import { expect } from 'vitest';
import type { UploadTicket } from '../../shared/api/schemas.ts';
import { type AttachmentRecord, isTerminal } from '../../shared/metadata/records.ts';
import { repairQuota } from '../../shared/organizations/repair-quota.ts';
import { askToAttach, LETTER, type SentFile, VIRUS } from './attached-files.ts';
import { complete, keptParts, type Plan, sendParts } from './attached-parts.ts';
import { type Client, clientOf } from './client.ts';
import { expectAtRest } from './observed-state.ts';
import { type PlainColour, plainPicture } from './plain-pictures.ts';
import { settle } from './settle.ts';
import { deliverToDyingWorker } from './worker-death.ts';
import type { Message, World } from './world.ts';

/** What happens in the world. `pick` chooses among what there is at that moment. */
export type Step =
  | { readonly does: 'attach'; readonly who: number; readonly file: FileKind; readonly draft: boolean }
  | { readonly does: 'portray'; readonly who: number; readonly colour: PlainColour }
  | { readonly does: 'put' | 'claim' | 'hide' | 'delete' | 'abort'; readonly pick: number }
  | { readonly does: 'deletePortrait'; readonly who: number }
  | { readonly does: 'deliver'; readonly pick: number; readonly again: boolean }
  | { readonly does: 'crash'; readonly pick: number; readonly call: number }
  | { readonly does: 'sweep'; readonly minutes: number }
  /** A worker pauses at one of its calls to the outside, while other things happen. */
  | { readonly does: 'pause'; readonly pick: number; readonly call: number; readonly meanwhile: readonly Step[] };

export type FileKind = 'letter' | 'picture' | 'virus' | 'parts';

/** A world that lives, and what its clients were told beside it. */
export interface MixedHistory {
  take(step: Step): Promise<void>;
  /** Lets everything come to rest, then holds the world against what was told. `note`: what happened in it. */
  end(note: (happened: string) => void): Promise<void>;
}

/** An attachment as its uploader knows it. */
interface Attached {
  readonly uploadId: string;
  readonly client: Client;
  readonly kind: FileKind;
  readonly draft: boolean;
  /** When the sweep may take it for unused. */
  readonly overAfter: number;
  state: 'waits for bytes' | 'is sent' | 'is over';
  isClaimed: boolean;
  isDeleted: boolean;
}

/** A grant whose bytes were not sent yet. */
interface Grant {
  readonly send: () => Promise<unknown>;
  /** Undefined for an avatar. */
  readonly attached?: Attached;
}

/** `NOTE` is above it, everything else is below. */
export const THRESHOLD = 999;
const NOTE: SentFile = { bytes: Buffer.alloc(1000, 'note '), contentType: 'text/plain' };
const MINUTE = 60_000;
const TICKET_MINUTES = 65;
const PLAN_MINUTES = 25 * 60;
/** One death more could end an upload as `processing_failed`, which nobody is told of here. */
const MAX_DEATHS = 2;

/** Two people of one organization, who have nothing yet. Everything above `THRESHOLD` must be sent in parts. */
export function createMixedHistory(world: World): MixedHistory {
  const people = ['ada', 'bob'].map((sub) => clientOf(world, { sub }));
  const stranger = clientOf(world, { sub: 'eve', organization: 'elsewhere', roles: ['admin', 'service'] });
  const attachments: Attached[] = [];
  const uploadIds: string[] = [];
  const grants: Grant[] = [];
  const acknowledged: Message[] = [];
  let deaths = 0;

  async function attach(client: Client, kind: FileKind, draft: boolean): Promise<void> {
    const file = await fileOf(kind);
    const key = `key-${attachments.length}`;
    const { status, body } = await askToAttach(client, file, { draft }, key);
    expect(status).toBe(201);
    const { uploadId } = body as { readonly uploadId: string };
    const overAfter = world.now().getTime() + (kind === 'parts' ? PLAN_MINUTES : TICKET_MINUTES) * MINUTE;
    const attached: Attached = {
      ...{ uploadId, client, kind, draft, overAfter },
      ...{ state: 'waits for bytes', isClaimed: false, isDeleted: false },
    };
    attachments.push(attached);
    uploadIds.push(uploadId);
    const sendWhole = () => world.writeBytes(body as unknown as UploadTicket, file.bytes);
    const sendInParts = () => joinParts(client, body as unknown as Plan, attached);
    grants.push({ attached, send: kind === 'parts' ? sendInParts : sendWhole });
  }

  /** Once it is over, nobody signs its parts any more. */
  async function joinParts(client: Client, plan: Plan, { state }: Attached): Promise<void> {
    if (state === 'is over') return;
    const parts = await sendParts(world, client, plan, NOTE);
    expect(await complete(client, plan, parts)).toMatchObject({ status: 202 });
    await world.announce(plan.key);
  }

  async function portray(client: Client, colour: PlainColour): Promise<void> {
    const picture = await plainPicture(colour);
    const ticket = await client.ticket(picture);
    uploadIds.push(ticket.uploadId);
    grants.push({ send: () => client.put(ticket, picture) });
  }

  async function put(pick: number): Promise<void> {
    const [grant] = grants.splice(pick % Math.max(1, grants.length), 1);
    await grant?.send();
    if (grant?.attached?.state === 'waits for bytes') grant.attached.state = 'is sent';
  }

  async function change(attached: Attached, body: object): Promise<boolean> {
    const { status } = await attached.client.request('PATCH', `/attachments/${attached.uploadId}`, { body });
    expect([200, 404]).toContain(status);
    return status === 200;
  }

  async function remove(attached: Attached): Promise<void> {
    const { status } = await attached.client.request('DELETE', `/attachments/${attached.uploadId}`);
    expect([204, 404]).toContain(status);
    if (status === 204) attached.isDeleted = true;
  }

  async function abort(attached: Attached): Promise<void> {
    const { status } = await attached.client.request('DELETE', `/uploads/${attached.uploadId}`);
    expect([204, 409]).toContain(status);
    if (status === 204) attached.state = 'is over';
  }

  async function deliver(pick: number, again: boolean): Promise<void> {
    const message = picked(again ? acknowledged : world.messages, pick);
    if (message && (await world.deliver(message)) === 'acknowledged') acknowledged.push(message);
  }

  /** A worker whose lease lapses meanwhile counts as dead. */
  async function pause({ pick, call, meanwhile }: Extract<Step, { does: 'pause' }>): Promise<void> {
    if (meanwhile.some(({ does }) => does === 'sweep') && !mayDie()) return;
    let calls = 0;
    await world.intercept(
      async (_, proceed) => {
        calls += 1;
        if (calls === call) for (const step of meanwhile) await take(step);
        return proceed();
      },
      () => deliver(pick, false),
    );
  }

  async function crash(pick: number, call: number): Promise<void> {
    const message = picked(world.messages, pick);
    if (message && mayDie()) await deliverToDyingWorker(world, message, (_, index) => index === call);
  }

  function mayDie(): boolean {
    deaths += 1;
    return deaths <= MAX_DEATHS;
  }

  async function sweep(minutes: number): Promise<void> {
    world.advance(minutes * MINUTE);
    await world.sweep();
    for (const attached of attachments) {
      const isLate = attached.state === 'waits for bytes' && attached.overAfter < world.now().getTime();
      if (isLate) attached.state = 'is over';
    }
  }

  async function take(step: Step): Promise<void> {
    const person = people['who' in step ? step.who : 0];
    const attached = picked(attachments, 'pick' in step ? step.pick : 0);
    if (!person) throw new RangeError('there are two people');
    if (step.does === 'attach') await attach(person, step.file, step.draft);
    else if (step.does === 'portray') await portray(person, step.colour);
    else if (step.does === 'put') await put(step.pick);
    else if (step.does === 'deletePortrait') expect(await person.delete()).toMatchObject({ status: 204 });
    else if (step.does === 'deliver') await deliver(step.pick, step.again);
    else if (step.does === 'crash') await crash(step.pick, step.call);
    else if (step.does === 'sweep') await sweep(step.minutes);
    else if (step.does === 'pause') await pause(step);
    else if (!attached) return;
    else if (step.does === 'claim')
      attached.isClaimed = (await change(attached, { draft: false })) || attached.isClaimed;
    else if (step.does === 'hide') await change(attached, { visibility: 'private' });
    else if (step.does === 'delete') await remove(attached);
    else await abort(attached);
  }

  /** Nobody was told anything else, so it must be there, or not. */
  async function requireAsTold(attached: Attached): Promise<AttachmentRecord | undefined> {
    const { uploadId, client, kind, draft, state, isClaimed, isDeleted } = attached;
    const isThere = state === 'is sent' && kind !== 'virus' && !isDeleted && (!draft || isClaimed);
    const file = await world.metadata.getAttachment({ fileId: uploadId });
    expect(file?.status, JSON.stringify({ uploadId, kind, draft, state, isClaimed, isDeleted })).toBe(
      isThere ? 'ready' : undefined,
    );
    const address = `/attachments/${uploadId}`;
    expect(await client.request('GET', address)).toMatchObject({ status: isThere ? 200 : 404 });
    expect(await stranger.request('GET', address)).toMatchObject({ status: 404 });
    if (kind === 'parts') expect(await keptParts(world, uploadId)).toBeUndefined();
    return file;
  }

  async function requireLists(files: readonly AttachmentRecord[]): Promise<void> {
    for (const client of people) {
      const shown = files.filter(
        ({ visibility, ownerId }) => visibility !== 'private' || ownerId === client.avatar.entityId,
      );
      const { body } = await client.request('GET', '/attachments?limit=100');
      const ids = (body as { items: { id: string }[] }).items.map(({ id }) => id);
      expect(ids.sort()).toEqual(shown.map(({ fileId }) => fileId).sort());
    }
    expect((await stranger.request('GET', '/attachments')).body).toEqual({ items: [] });
  }

  return {
    take,
    async end(note) {
      await settle(world);
      for (const uploadId of uploadIds) {
        const upload = await world.metadata.getUpload({ uploadId });
        expect(upload && isTerminal(upload.status)).toBe(true);
        note(`${upload?.kind} ${upload?.status}`);
      }
      const found = [];
      for (const attached of attachments) {
        const file = await requireAsTold(attached);
        if (file) found.push(file);
        if (attached.isDeleted) note('deleted');
        if (file?.draft === false && attached.draft) note('claimed');
        if (attached.state === 'is sent' && attached.draft && !file && !attached.isDeleted) note('draft expired');
      }
      await requireLists(found);
      await expectAtRest(world, people, found);
      const repaired = await repairQuota({ ...world, sleep: async () => {} }, { organizationId: 'acme' });
      expect(repaired).toEqual({ result: uploadIds.length > 0 ? 'right' : 'unknown' });
    },
  };
}

async function fileOf(kind: FileKind): Promise<SentFile> {
  if (kind === 'picture') return plainPicture('red');
  return { letter: LETTER, virus: VIRUS, parts: NOTE }[kind];
}

function picked<T>(items: readonly T[], pick: number): T | undefined {
  return items[pick % Math.max(1, items.length)];
}
