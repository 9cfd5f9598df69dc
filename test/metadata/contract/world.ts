import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { MetadataStore } from '../../../shared/metadata/metadata-store.ts';
import type { AvatarAccess } from '../../../shared/metadata/record-access.ts';
import type { DueWork } from '../../../shared/metadata/record-store.ts';
import type { RetiredVersion, UploadForAvatar } from '../../../shared/metadata/records.ts';
import type {
  IdempotentRequest,
  IssueAvatarUploadInput,
  NewAvatarUpload,
} from '../../../shared/metadata/transitions/issue-upload.ts';
import type { PublishAvatarInput } from '../../../shared/metadata/transitions/publish-avatar.ts';
import { type AvatarRef, temporaryKey } from '../../../shared/storage/object-keys.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Indexes may lag, so what is expected of a search is waited for. */
export const eventually = { timeout: 10_000, interval: 50 };

/** Makes a new world over the store under test. */
export type Begin = (options?: WorldOptions) => World;

interface WorldOptions {
  /** What the organization starts with. */
  readonly bytes?: number;
  readonly files?: number;
  /** Caps on the open uploads of each person. */
  readonly pendingUploads?: number;
  readonly sentUploads?: number;
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
  readonly pendingUploads?: number;
  readonly sentUploads?: number;
}

interface DeferOptions {
  /** Milliseconds from now. */
  readonly retryIn?: number;
  readonly giveUpAfter?: number;
}

/** An upload and the lease a worker holds on it. */
export interface Job {
  readonly uploadId: string;
  readonly leaseId: string;
}

export type World = ReturnType<typeof world>;

/** A new organization with one user and one agent, and a clock that stands still until it is told to pass. */
export function world(store: MetadataStore, options: WorldOptions = {}) {
  const { bytes = 1_000, files = 10, pendingUploads = 20, sentUploads = 20, startedAt = new Date() } = options;
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

  async function ask({ upload, access, request, ...rest }: AskOptions = {}) {
    const { pendingUploads: pendingCap = pendingUploads, sentUploads: sentCap = sentUploads, ...options } = rest;
    const asked = upload ?? ticket(options);
    ids.add(asked.uploadId);
    return store.issueUpload({
      upload: asked,
      access: access ?? (asked.ownerId === userId && asked.avatar === user ? asUser : asMember),
      ...(request && { request }),
      limits: { ...limits, pendingUploads: pendingCap, sentUploads: sentCap },
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

  /** Written by this upload. */
  function image({ uploadId }: { readonly uploadId: string }): PublishAvatarInput['image'] {
    const size = { webp: 900, jpg: 1_100 };
    return {
      folder: uploadId,
      original: { contentType: 'image/png', bytes: 10, eTag: 'e1', width: 640, height: 480 },
      sizes: { small: size, medium: size, large: size },
      thumbHash: 'aGFzaA==',
    };
  }

  const publish = (job: Job, changes: Partial<PublishAvatarInput['image']> = {}) =>
    store.publishAvatar({ ...job, image: { ...image(job), ...changes }, now: now() });

  async function published(asked: AskOptions = {}): Promise<Job> {
    const job = await started(asked);
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
  const retired = async (ref = user): Promise<readonly RetiredVersion[]> => (await avatar(ref))?.retired ?? [];

  async function dueInShard(shard: number, limit: number): Promise<DueWork[]> {
    const found: DueWork[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.dueWork({ shard, now: now(), limit, ...(cursor !== undefined && { cursor }) });
      expect(page.items.length).toBeLessThanOrEqual(limit);
      found.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return found.filter((item) => ids.has(idOf(item)));
  }

  return {
    store,
    organizationId,
    limits,
    pendingUploads,
    sentUploads,
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
    publish,
    published,
    ended,
    image,
    organization,
    owner,
    avatar,
    retired,
    dueInShard,
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
    upload: (uploadId: string) => store.getUpload({ uploadId }),
    markSent: (uploadId: string) => store.markSent({ uploadId, now: now() }),
    reject: (job: Job) => store.rejectUpload({ ...job, code: 'image_damaged', now: now() }),
    supersede: (job: Job) => store.supersedeUpload({ ...job, now: now() }),
    supersedePending: (uploadId: string) => store.supersedePending({ uploadId, now: now() }),
    defer: (job: { uploadId: string; leaseId?: string }, { retryIn = MINUTE, giveUpAfter = DAY }: DeferOptions = {}) =>
      store.deferUpload({ ...job, retryAt: later(retryIn), giveUpAfter, now: now() }),
    lapse: (uploadId: string) => store.lapseLease({ uploadId, now: now() }),
    redrive: (uploadId: string, seenWorkAt = '') =>
      store.redriveUpload({ uploadId, seenWorkAt, giveUpAfter: DAY, now: now() }),
    expire: (uploadId: string, sentAt?: string) => store.expireUpload({ uploadId, sentAt, now: now() }),
    abort: (uploadId: string) => store.abortUpload({ uploadId, now: now() }),
    finishCleanUp: (uploadId: string, pass: 'first' | 'second') => store.finishCleanUp({ uploadId, pass, now: now() }),
    postpone: (work: DueWork) => store.postponeWork({ work, now: now() }),
    renew: (uploadId: string) =>
      store.renewTicket({
        uploadId,
        urlExpiresAt: later(5 * MINUTE),
        acceptUntil: later(65 * MINUTE),
        now: now(),
      }),
    delete: (ref = user, access = asUser) => store.markAvatarDeleted({ avatar: ref, access, now: now() }),
    /** Says that the files of these versions were removed. */
    remove: (removed: readonly RetiredVersion[], ref = user) =>
      store.finishRemovals({ avatar: ref, removed, now: now() }),
    /** The same for what is due, as the sweep does. */
    removeDue: async (ref = user) => {
      const due = (await retired(ref)).filter(({ removeAt }) => removeAt <= later(0));
      return store.finishRemovals({ avatar: ref, removed: due, now: now() });
    },
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
    /** The due work of this world, read shard by shard in pages of `limit`, the oldest first. */
    due: async (limit = 100): Promise<DueWork[]> => {
      const shards = await store.dueShards({ now: now() });
      const found = await Promise.all(shards.map((shard) => dueInShard(shard, limit)));
      return found.flat().sort((one, other) => (one.workAt < other.workAt ? -1 : Number(one.workAt > other.workAt)));
    },
  };
}

/** What a piece of due work is about. */
export function idOf(work: DueWork): string {
  if (work.kind === 'upload') return work.uploadId;
  return work.kind === 'avatar' ? work.entityId : work.fileId;
}
