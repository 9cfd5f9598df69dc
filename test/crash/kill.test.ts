import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalDependencies } from '../../functions/local/dependencies.ts';
import { openDevIssuer } from '../../functions/local/dev-issuer.ts';
import { openHiddenFolder } from '../../functions/local/hidden-folder.ts';
import { openUploads } from '../../functions/local/open-uploads.ts';
import { readConfig } from '../../shared/config.ts';
import {
  AVATAR_TYPES,
  THUMBNAIL_FORMATS,
  THUMBNAIL_SIZES,
  type ThumbnailFormat,
  type ThumbnailSize,
} from '../../shared/images/formats.ts';
import { sweep } from '../../shared/maintenance/sweep.ts';
import { createMetadataStore, type MetadataStore } from '../../shared/metadata/metadata-store.ts';
import type { AvatarImage, AvatarRecord, UploadRecord } from '../../shared/metadata/records.ts';
import { RETENTION } from '../../shared/metadata/retention.ts';
import { SqliteRecordStore } from '../../shared/metadata/sqlite/sqlite-record-store.ts';
import { LocalStorageBackend } from '../../shared/storage/local/local-storage-backend.ts';
import {
  originalKey,
  type StorageKey,
  TEMPORARY_PREFIX,
  thumbnailKey,
  uploadIdOfKey,
} from '../../shared/storage/object-keys.ts';
import { readWhole } from '../../shared/storage/storage-backend.ts';
import { plainPicture } from '../scenarios/plain-pictures.ts';
import { type Acknowledged, putUnderLoad, sendPicture, uploadAtItsEnd } from './load.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

const KILLS = 50;
const USERS = ['ada', 'bob', 'cleo', 'dan'];
const ORGANIZATION = 'acme';
const CLAIMS = { subject: 'sub', organization: 'organization', roles: 'roles' };
/** Set CRASH_SEED to what a failed run printed to repeat its moments; what happens in them is never quite the same. */
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 2 ** 31);
/** Milliseconds from the beginning of the load to the kill. */
const MOMENTS = fc.sample(fc.integer({ min: 50, max: 400 }), { seed: SEED, numRuns: KILLS });

/**
 * One folder, one server after the other, each killed by SIGKILL at a random moment of its work. After the last one
 * has brought everything to rest, the folder is looked at.
 */
describe(`a local server that is killed ${KILLS} times`, () => {
  const acknowledged: Acknowledged[] = [];
  const tokens = new Map<string, string>();
  /** So many of the acknowledged uploads are known to have ended. */
  let ended = 0;
  let folder: string;
  let server: LocalServer | undefined;
  let storage: LocalStorageBackend;
  let records: SqliteRecordStore;
  let metadata: MetadataStore;

  beforeAll(async () => {
    console.info(`CRASH_SEED=${SEED}`);
    folder = await mkdtemp(join(tmpdir(), 'crash-'));
    const { signingKey, database } = await openHiddenFolder(folder);
    const issuer = await openDevIssuer({ keyFile: signingKey, claimNames: CLAIMS, nodeEnv: 'test' });
    for (const sub of [...USERS, 'last']) {
      tokens.set(sub, await issuer.issue({ sub, organization: ORGANIZATION, roles: [], ttlSeconds: 600 }));
    }
    for (const [round, moment] of MOMENTS.entries()) await liveAndDie(round, moment);
    await comeToRest();
    storage = new LocalStorageBackend({ directory: folder, baseUrl: 'http://127.0.0.1', secret: Buffer.alloc(32) });
    records = new SqliteRecordStore({ path: database });
    metadata = createMetadataStore(records);
  }, 360_000);

  afterAll(async () => {
    await server?.kill();
    records?.close();
    await rm(folder, { recursive: true });
  });

  /**
   * Three ways to die: while it starts and takes up what the one before left; under load; and, every second time, under
   * load after all that was left before has come to its end. So an upload meets two deaths at most; after three it
   * would be taken for the cause.
   */
  async function liveAndDie(round: number, moment: number): Promise<void> {
    server = startLocalServer(folder);
    if (round % 4 === 1) {
      await sleep(2 * moment);
      return server.kill();
    }
    const url = await server.ready;
    if (round % 2 === 0) await uploadToItsEnd(url);
    const load = new AbortController();
    const users = new Map([...tokens].filter(([user]) => USERS.includes(user)));
    const onAcknowledged = (one: Acknowledged) => acknowledged.push(one);
    const running = putUnderLoad({ url, tokens: users, firstTurn: round, signal: load.signal, onAcknowledged });
    await sleep(moment);
    await server.kill();
    load.abort();
    await running;
  }

  /** Resolves once this upload, and every one that was acknowledged before it, has ended. */
  async function uploadToItsEnd(url: string): Promise<void> {
    const session = { url, token: tokens.get('last') ?? '', user: 'last' };
    const picture = await plainPicture('red');
    const uploadId = await sendPicture(session, picture, 'put');
    acknowledged.push({ user: 'last', what: 'put', uploadId, picture });
    expect(await uploadAtItsEnd(session, uploadId)).toMatchObject({ status: 'ready' });
    for (const one of acknowledged.slice(ended)) {
      if ('uploadId' in one) await uploadAtItsEnd({ ...session, token: tokens.get(one.user) ?? '' }, one.uploadId);
    }
    ended = acknowledged.length;
  }

  async function comeToRest(): Promise<void> {
    server = startLocalServer(folder);
    await uploadToItsEnd(await server.ready);
    expect(await server.stop()).toBe(0);
    await sweepUntilQuiet();
  }

  /** What the schedule does, at each time when something is due, until nothing is: replaced images stay for a day. */
  async function sweepUntilQuiet(): Promise<void> {
    const config = readConfig({ UPLOAD_DIRECTORY: folder });
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    let now = new Date();
    const local = await openLocalDependencies({ config, baseUrl: 'http://127.0.0.1', log, clock: () => now });
    for (const pause of [0, RETENTION.secondPassDelay, RETENTION.replacedGrace]) {
      now = new Date(now.getTime() + pause + 1);
      const deadline = new Date(now.getTime() + 60_000);
      expect(await sweep(local.dependencies, { deadline })).toMatchObject({ redriven: 0, failed: 0 });
    }
    local.close();
  }

  async function avatars(): Promise<AvatarRecord[]> {
    const records = await metadata.getAvatars(
      [...USERS, 'last'].map((entityId) => ({ entityType: 'users', entityId })),
    );
    return records.filter((record) => record !== undefined);
  }

  async function published(): Promise<Published[]> {
    return (await avatars()).filter((record) => record.image !== undefined) as Published[];
  }

  /** The highest generation of uploads; an unknown one counts as higher than any. */
  async function newestOf(some: readonly Acknowledged[]): Promise<number> {
    const uploads = await Promise.all(some.flatMap((one) => ('uploadId' in one ? metadata.getUpload(one) : [])));
    return Math.max(
      0,
      ...uploads.map((upload) => (upload && 'generation' in upload ? upload.generation : Number.POSITIVE_INFINITY)),
    );
  }

  it('has died among pictures, forms, crops and deletes', () => {
    expect(acknowledged.length).toBeGreaterThan(KILLS);
    expect(new Set(acknowledged.map(({ what }) => what))).toEqual(new Set(['put', 'form', 'crop', 'delete']));
  });

  it('brings every acknowledged upload to its end', async () => {
    const uploads = await Promise.all(
      acknowledged.flatMap((one) => ('uploadId' in one ? metadata.getUpload(one) : [])),
    );
    const unfinished = uploads.filter((upload) => upload?.status !== 'ready' && upload?.status !== 'superseded');
    expect(unfinished).toEqual([]);
  });

  it('shows of each avatar the latest acknowledged picture, or a later one, unless it was deleted later', async () => {
    expect(await avatars()).toHaveLength(USERS.length + 1);
    for (const { entityId, readyGeneration, deletedGeneration } of await avatars()) {
      const newest = await newestOf(acknowledged.filter(({ user }) => user === entityId));
      expect(Math.max(readyGeneration, deletedGeneration)).toBeGreaterThanOrEqual(newest);
    }
  });

  it('shows nothing that was there when a delete was acknowledged', async () => {
    for (const { entityId, readyGeneration, deletedGeneration } of await avatars()) {
      const own = acknowledged.filter(({ user }) => user === entityId);
      const lastDelete = own.findLastIndex(({ what }) => what === 'delete');
      expect(await newestOf(own.slice(0, Math.max(0, lastDelete)))).toBeLessThanOrEqual(deletedGeneration);
      expect(readyGeneration === 0 || readyGeneration > deletedGeneration).toBe(true);
    }
  });

  it('has published only whole images', async () => {
    for (const record of await published()) {
      for (const [size, pixels] of Object.entries(THUMBNAIL_SIZES) as [ThumbnailSize, number][]) {
        for (const format of ['webp', 'jpg'] as const) {
          const { info, body } = await storage.downloadFile({
            key: thumbnailKey(record, record.image.folder, size, format),
          });
          const bytes = await readWhole({ info, body });
          const decoded = await sharp(bytes, { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true });
          expect(decoded.info).toMatchObject({ width: pixels, height: pixels });
          expect(info).toMatchObject({
            size: record.image.sizes[size]?.[format],
            contentType: THUMBNAIL_FORMATS[format],
          });
        }
      }
    }
  });

  it('keeps of each avatar the original as it was sent', async () => {
    const sent = acknowledged.filter((one) => 'picture' in one);
    for (const record of await published()) {
      const original = await readWhole(await storage.downloadFile({ key: originalOf(record) }));
      const own = sent.filter(({ uploadId }) => uploadId === record.readyUploadId);
      // A crop keeps an earlier original, and the last answer may have been lost although the bytes arrived.
      const candidates = own.length > 0 ? own : sent;
      expect(candidates.some(({ picture }) => picture.bytes.equals(original))).toBe(true);
    }
  });

  it('holds exactly the quota of what is published and of the tickets that are open', async () => {
    const open: UploadRecord[] = [];
    for await (const upload of openUploads({ metadata })) open.push(upload);
    const shown = await published();
    const organization = await metadata.getOrganization({ organizationId: ORGANIZATION });
    if (!organization) throw new Error('nobody ever asked for a ticket');
    const { bytesLimit, bytesFree, filesLimit, filesFree } = organization;
    expect({ bytes: bytesLimit - bytesFree, files: filesLimit - filesFree, open: organization.openUploads }).toEqual({
      bytes: sum(shown.map(({ chargedBytes }) => chargedBytes)) + sum(open.map(reservedBy)),
      files: shown.length + open.filter(({ kind }) => kind === 'avatar').length,
      open: open.length,
    });
  });

  it('leaves no unfinished file behind, and no description of a file that is not there', async () => {
    const names = await readdir(folder, { recursive: true });
    const isThere = new Set(names);
    const leftovers = names.filter((name) => {
      const described = name.replace(/(^|\/)\.([^/]+)\.(?:info|next)$/, '$1$2');
      return name.startsWith('.incoming/') || !isThere.has(described);
    });
    expect(leftovers).toEqual([]);
  });

  it('leaves the seven objects of each published avatar, and nothing of what was deleted', async () => {
    const { files } = await storage.listFiles({ prefix: 'avatars/' });
    const expected = (await published()).flatMap((record) => [originalOf(record), ...thumbnailsOf(record)]);
    expect(files.map(({ key }) => key)).toEqual(expected.sort());
  });

  it('leaves no bytes of an upload that has ended', async () => {
    const { files } = await storage.listFiles({ prefix: TEMPORARY_PREFIX });
    const ids = files.flatMap(({ key }) => uploadIdOfKey(key) ?? []);
    const uploads = await Promise.all(ids.map((uploadId) => metadata.getUpload({ uploadId })));
    expect(uploads.map((upload) => [upload?.uploadId, upload?.status])).toEqual([]);
  });
});

type Published = AvatarRecord & { readonly image: AvatarImage };

function originalOf(avatar: Published): StorageKey {
  const { folder, original } = avatar.image;
  if (!original) throw new Error(`${avatar.entityId} has no original`);
  return originalKey(avatar, folder, AVATAR_TYPES[original.contentType]);
}

function thumbnailsOf(avatar: Published): string[] {
  const sizes = Object.keys(THUMBNAIL_SIZES) as ThumbnailSize[];
  const formats = Object.keys(THUMBNAIL_FORMATS) as ThumbnailFormat[];
  return sizes.flatMap((size) => formats.map((format) => thumbnailKey(avatar, avatar.image.folder, size, format)));
}

function reservedBy(upload: UploadRecord | undefined): number {
  return upload?.kind === 'avatar' ? upload.contentLength : 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
