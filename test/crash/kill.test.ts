import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDevIssuer } from '../../functions/local/dev-issuer.ts';
import { openHiddenFolder } from '../../functions/local/hidden-folder.ts';
import { generationOf } from '../../shared/avatars/fence-mark.ts';
import { THUMBNAIL_FORMATS, THUMBNAIL_SIZES, type ThumbnailSize } from '../../shared/images/formats.ts';
import type { AvatarRecord, UploadRecord } from '../../shared/metadata/records.ts';
import { SqliteMetadataStore } from '../../shared/metadata/sqlite/sqlite-metadata-store.ts';
import { LocalStorageBackend } from '../../shared/storage/local/local-storage-backend.ts';
import { TEMPORARY_PREFIX, thumbnailKey, uploadIdOfKey } from '../../shared/storage/object-keys.ts';
import { readWhole } from '../../shared/storage/storage-backend.ts';
import { plainPicture } from '../scenarios/plain-pictures.ts';
import { type Acknowledged, putPicture, putUnderLoad } from './load.ts';
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
  let folder: string;
  let server: LocalServer | undefined;
  let storage: LocalStorageBackend;
  let metadata: SqliteMetadataStore;

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
    metadata = new SqliteMetadataStore({ path: database });
  }, 180_000);

  afterAll(async () => {
    await server?.kill();
    metadata?.close();
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
    const onAcknowledged = (upload: Acknowledged) => acknowledged.push(upload);
    const running = putUnderLoad({ url, tokens: users, signal: load.signal, onAcknowledged });
    await sleep(moment);
    await server.kill();
    load.abort();
    await running;
  }

  /** The queue is first in, first out: once this upload is ready, everything before it has been delivered. */
  async function uploadToItsEnd(url: string): Promise<void> {
    const token = tokens.get('last') ?? '';
    const picture = await plainPicture('red');
    const uploadId = await putPicture({ url, token, user: 'last' }, picture);
    acknowledged.push({ uploadId, user: 'last', picture });
    const reply = await fetch(`${url}/api/v1/uploads/${uploadId}?wait=20`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await reply.json()).toMatchObject({ status: 'ready' });
  }

  async function comeToRest(): Promise<void> {
    server = startLocalServer(folder);
    await uploadToItsEnd(await server.ready);
    expect(await server.stop()).toBe(0);
  }

  async function avatars(): Promise<AvatarRecord[]> {
    const records = await metadata.getAvatars(
      [...USERS, 'last'].map((entityId) => ({ entityType: 'users', entityId })),
    );
    return records.filter((record) => record !== undefined);
  }

  it('brings every acknowledged upload to its end', async () => {
    expect(acknowledged.length).toBeGreaterThan(KILLS);
    const uploads = await Promise.all(acknowledged.map((upload) => metadata.getUpload(upload)));
    const unfinished = uploads.filter((upload) => upload?.status !== 'ready' && upload?.status !== 'superseded');
    expect(unfinished).toEqual([]);
  });

  it('shows of each avatar the latest acknowledged picture, or a later one', async () => {
    expect(await avatars()).toHaveLength(USERS.length + 1);
    for (const record of await avatars()) {
      const own = acknowledged.filter(({ user }) => user === record.entityId);
      const uploads = await Promise.all(own.map((upload) => metadata.getUpload(upload)));
      const generations = uploads.map((upload) => upload?.generation ?? Number.POSITIVE_INFINITY);
      expect(record.readyGeneration).toBeGreaterThanOrEqual(Math.max(0, ...generations));
    }
  });

  it('has published only whole pictures of one generation', async () => {
    for (const record of await avatars()) {
      for (const [size, pixels] of Object.entries(THUMBNAIL_SIZES) as [ThumbnailSize, number][]) {
        for (const format of ['webp', 'jpg'] as const) {
          const { info, body } = await storage.downloadFile({ key: thumbnailKey(record, size, format) });
          const bytes = await readWhole({ info, body });
          const decoded = await sharp(bytes, { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true });
          expect(decoded.info).toMatchObject({ width: pixels, height: pixels });
          expect(info).toMatchObject({
            size: record.image?.sizes[size][format],
            contentType: THUMBNAIL_FORMATS[format],
          });
          expect(generationOf(info)).toBe(record.readyGeneration);
        }
      }
    }
  });

  it('keeps of each avatar the original as it was sent', async () => {
    for (const { image } of await avatars()) {
      const sent = acknowledged.find(({ uploadId }) => uploadId === image?.readyUploadId);
      // The last answer may have been lost although the bytes arrived.
      if (!sent || !image) continue;
      expect(await readWhole(await storage.downloadFile({ key: image.original.key }))).toEqual(sent.picture.bytes);
    }
  });

  it('holds exactly the quota of what is published and of the tickets that are open', async () => {
    const open = await Promise.all(metadata.openUploads().map((upload) => metadata.getUpload(upload)));
    const published = await avatars();
    const organization = await metadata.getOrganization({ organizationId: ORGANIZATION });
    if (!organization) throw new Error('nobody ever asked for a ticket');
    const { bytesLimit, bytesFree, filesLimit, filesFree, openUploads } = organization;
    expect({ bytes: bytesLimit - bytesFree, files: filesLimit - filesFree, openUploads }).toEqual({
      bytes: sum(published.map(({ chargedBytes }) => chargedBytes)) + sum(open.map(reservedBy)),
      files: published.length + open.length,
      openUploads: open.length,
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

  it('leaves one original of each avatar', async () => {
    const { files } = await storage.listFiles({ prefix: 'avatars/' });
    const originals = files.map(({ key }) => key).filter((key) => key.includes('/original.'));
    const published = (await avatars()).flatMap(({ image }) => image?.original.key ?? []);
    expect(originals).toEqual(published.sort());
  });

  it('leaves no bytes of an upload that has ended', async () => {
    const { files } = await storage.listFiles({ prefix: TEMPORARY_PREFIX });
    const ids = files.flatMap(({ key }) => uploadIdOfKey(key) ?? []);
    const uploads = await Promise.all(ids.map((uploadId) => metadata.getUpload({ uploadId })));
    expect(uploads.map((upload) => [upload?.uploadId, upload?.status])).toEqual([]);
  });
});

function reservedBy(upload: UploadRecord | undefined): number {
  return upload?.kind === 'avatar' ? upload.contentLength : 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
