import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { PublishAvatarInput } from '../../../shared/metadata/avatar-store.ts';
import type { DueWork, MetadataStore } from '../../../shared/metadata/metadata-store.ts';
import type { AvatarAccess } from '../../../shared/metadata/record-access.ts';
import type { UploadForAvatar } from '../../../shared/metadata/records.ts';
import type {
  IdempotentRequest,
  IssueAvatarUploadInput,
  NewAvatarUpload,
} from '../../../shared/metadata/upload-store.ts';
import { type AvatarRef, originalKey, temporaryKey } from '../../../shared/storage/object-keys.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Makes a new world over the store under test. */
export type Begin = (options?: WorldOptions) => World;

interface WorldOptions {
  /** What the organization starts with. */
  readonly bytes?: number;
  readonly files?: number;
  readonly openUploads?: number;
  readonly startedAt?: Date;
}

interface TicketOptions {
  readonly avatar?: AvatarRef;
  /** The caller. @default the user of the world */
  readonly by?: string;
  readonly bytes?: number;
  readonly crop?: { readonly x: number; readonly y: number; readonly size: number };
  readonly checksumSha256?: string;
}

interface AskOptions extends TicketOptions {
  /** A ticket made before. */
  readonly upload?: IssueAvatarUploadInput['upload'];
  readonly access?: AvatarAccess;
  readonly request?: IdempotentRequest;
  readonly openUploads?: number;
}

/** An upload and the lease a worker holds on it. */
export interface Job {
  readonly uploadId: string;
  readonly leaseId: string;
}

export type World = ReturnType<typeof world>;

/** A new organization with one user and one agent, and a clock that stands still until it is told to pass. */
export function world(store: MetadataStore, options: WorldOptions = {}) {
  const { bytes = 1_000, files = 10, openUploads = 20, startedAt = new Date() } = options;
  const limits = { organizationBytes: bytes, organizationFiles: files };
  const organizationId = randomUUID();
  const userId: string = randomUUID();
  const keyDigest = randomUUID();
  const user: AvatarRef = { entityType: 'users', entityId: userId };
  const agent: AvatarRef = { entityType: 'agents', entityId: randomUUID() };
  const asUser: AvatarAccess = { organizationId, ownerId: userId, mayBind: true };
  const asMember: AvatarAccess = { organizationId, mayBind: true };
  /** Of everything that can become due in this world. */
  const ids = new Set<string>([userId, agent.entityId]);
  let clock = startedAt.getTime();

  const now = () => new Date(clock);
  const later = (milliseconds: number) => new Date(clock + milliseconds).toISOString();

  function ticket({ avatar = user, by = userId, bytes = 10, ...rest }: TicketOptions = {}): NewAvatarUpload {
    const uploadId = randomUUID();
    return {
      kind: 'avatar',
      uploadId,
      ownerId: by,
      avatar,
      key: temporaryKey(uploadId),
      method: 'PUT',
      contentType: 'image/png',
      contentLength: bytes,
      createdAt: later(0),
      urlExpiresAt: later(5 * MINUTE),
      acceptUntil: later(65 * MINUTE),
      ...rest,
    };
  }

  function renderTicket({ avatar = user, by = userId }: TicketOptions = {}) {
    const firstLookAt = later(MINUTE);
    return { kind: 'render', uploadId: randomUUID(), ownerId: by, avatar, createdAt: later(0), firstLookAt } as const;
  }

  async function ask({ upload, access, request, openUploads: cap, ...rest }: AskOptions = {}) {
    const asked = upload ?? ticket(rest);
    ids.add(asked.uploadId);
    return store.issueUpload({
      upload: asked,
      access: access ?? (asked.ownerId === userId && asked.avatar === user ? asUser : asMember),
      ...(request && { request }),
      limits: { ...limits, openUploadsPerOwner: cap ?? openUploads },
      now: now(),
    });
  }

  async function issue(asked: AskOptions = {}): Promise<UploadForAvatar> {
    const issued = await ask(asked);
    if (issued.outcome !== 'issued') throw new Error(`expected a ticket, got ${issued.outcome}`);
    return issued.upload as UploadForAvatar;
  }

  async function begin({ uploadId }: { uploadId: string }, lease: { leaseId?: string; eTag?: string } = {}) {
    return store.beginUpload({ uploadId, leaseId: randomUUID(), ...lease, leaseUntil: later(2 * MINUTE), now: now() });
  }

  async function start({ uploadId }: { uploadId: string }): Promise<Job> {
    const leaseId = randomUUID();
    expect(await begin({ uploadId }, { leaseId })).toMatchObject({ outcome: 'begun' });
    return { uploadId, leaseId };
  }

  const started = async (asked: AskOptions = {}): Promise<Job> => start(await issue(asked));

  function image(avatar = user): PublishAvatarInput['image'] {
    const size = { webp: 900, jpg: 1_100 };
    return {
      original: { key: originalKey(avatar, 'png'), bytes: 10, contentType: 'image/png', width: 640, height: 480 },
      sizes: { small: size, medium: size, large: size },
      thumbHash: 'aGFzaA==',
    };
  }

  const claim = ({ uploadId, leaseId }: Job) => store.claimAvatar({ uploadId, leaseId, now: now() });
  const publish = (
    { uploadId, leaseId }: Job,
    changes: Partial<PublishAvatarInput['image']> = {},
    avatar: AvatarRef = user,
  ) => store.publishAvatar({ uploadId, leaseId, image: { ...image(avatar), ...changes }, now: now() });

  async function published(asked: AskOptions = {}): Promise<Job> {
    const job = await started(asked);
    expect(await claim(job)).toBe('claimed');
    expect(await publish(job)).toBe('published');
    return job;
  }

  async function ended(how: (job: Job) => Promise<unknown>): Promise<Job> {
    const job = await started();
    await how(job);
    return job;
  }

  const organization = () => store.getOrganization({ organizationId });
  const owner = (ownerId = userId) => store.getOwner({ organizationId, ownerId });
  const avatar = (ref = user) => store.getAvatar(ref);

  return {
    store,
    organizationId,
    limits,
    openUploads,
    ids,
    userId,
    user,
    agent,
    asUser,
    asMember,
    now,
    ticket,
    renderTicket,
    ask,
    issue,
    begin,
    start,
    started,
    claim,
    publish,
    published,
    ended,
    image,
    organization,
    owner,
    avatar,
    /** The instant so many milliseconds from the world's now. */
    in: later,
    pass: (milliseconds: number): void => {
      clock += milliseconds;
    },
    anotherAgent: (): AvatarRef => ({ entityType: 'agents', entityId: randomUUID() }),
    request: (changes: Partial<IdempotentRequest> = {}): IdempotentRequest => ({
      keyDigest,
      requestDigest: 'a body',
      expiresAt: later(DAY),
      ...changes,
    }),
    reject: ({ uploadId, leaseId }: Job, { nothingWritten = false } = {}) =>
      store.rejectUpload({ uploadId, leaseId, code: 'image_damaged', nothingWritten, now: now() }),
    supersede: ({ uploadId, leaseId }: Job) => store.supersedeUpload({ uploadId, leaseId, now: now() }),
    release: ({ uploadId, leaseId }: Job) => store.releaseLease({ uploadId, leaseId, now: now() }),
    expire: (uploadId: string) => store.expireUpload({ uploadId, now: now() }),
    abort: (uploadId: string) => store.abortUpload({ uploadId, now: now() }),
    renew: (uploadId: string) =>
      store.renewTicket({
        uploadId,
        urlExpiresAt: later(5 * MINUTE),
        acceptUntil: later(65 * MINUTE),
        now: now(),
      }),
    delete: (ref = user, access = asUser) => store.markAvatarDeleted({ avatar: ref, access, now: now() }),
    purge: (pass: 'first' | 'second', deletedGeneration: number, ref = user) =>
      store.advancePurge({ avatar: ref, pass, deletedGeneration, now: now() }),
    setLimits: (to: { bytesLimit: number; filesLimit: number }) => store.setLimits({ organizationId, ...to }),
    setState: (state: 'active' | 'paused' | 'erasing') => store.setOrganizationState({ organizationId, state, limits }),
    /** What the organization's quota says is in use. */
    held: async () => {
      const record = await organization();
      if (record === undefined) return { bytes: 0, files: 0, openUploads: 0 };
      const { bytesLimit, bytesFree, filesLimit, filesFree } = record;
      return { bytes: bytesLimit - bytesFree, files: filesLimit - filesFree, openUploads: record.openUploads };
    },
    everything: async () => [await organization(), await owner(), await avatar()],
    /** The due work of this world, read in pages of `limit`. */
    due: async (limit = 100): Promise<DueWork[]> => {
      const found: DueWork[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.dueWork({ now: now(), limit, ...(cursor !== undefined && { cursor }) });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        found.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== undefined);
      return found.filter((item) => ids.has(idOf(item)));
    },
  };
}

/** What a piece of due work is about. */
export function idOf(work: DueWork): string {
  if (work.type === 'upload') return work.uploadId;
  return work.type === 'purge' ? work.avatar.entityId : work.fileId;
}
