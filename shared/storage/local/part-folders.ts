import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { MultipartRef, UploadedPart } from '../multipart-uploads.ts';
import type { StorageKey } from '../object-keys.ts';
import { isAbsence } from './disk-errors.ts';
import { syncFolder } from './folders.ts';
import { refuseLinks } from './resolve-path.ts';
import type { StagedFile } from './staged-file.ts';
import { openWorkFolder } from './work-folders.ts';

/*
 * Uploads in parts on disk: `.multipart/{multipartId}` holds `upload.json` and a file `{number}-{size}-{eTag}` for each
 * part. What changes an upload runs under its lock.
 */

/** An upload that goes on. */
export interface PartFolder {
  readonly path: string;
  readonly key: StorageKey;
  readonly contentType: string;
  readonly createdAt: Date;
}

const UPLOAD_FILE = 'upload.json';
const READ_BYTES = 256 * 1024;

/** Makes the folder of a new upload. It would survive a crash. */
export async function createPartFolder(
  root: string,
  upload: Pick<PartFolder, 'key' | 'contentType'>,
): Promise<{ multipartId: string }> {
  const multipartId = randomUUID();
  const uploads = await openWorkFolder(root, '.multipart');
  const path = join(uploads, multipartId);
  await mkdir(path);
  await writeFile(join(path, UPLOAD_FILE), JSON.stringify(upload), { flag: 'wx', flush: true });
  await syncFolder(path);
  await syncFolder(uploads);
  return { multipartId };
}

/** Undefined if no such upload goes on, or not for that key. */
export async function findPartFolder(root: string, ref: MultipartRef): Promise<PartFolder | undefined> {
  const folder = await openPartFolder(root, ref.multipartId);
  return folder?.key === ref.key ? folder : undefined;
}

/** Every folder there is; without `upload` where a crash left it unfinished. */
export async function allPartFolders(root: string): Promise<{ path: string; upload: PartFolder | undefined }[]> {
  const uploads = await openWorkFolder(root, '.multipart');
  const names = await readdir(uploads);
  return Promise.all(
    names.map(async (name) => ({ path: join(uploads, name), upload: await openPartFolder(root, name) })),
  );
}

/** Takes the staged file for this part, instead of any before. It would survive a crash. */
export async function keepPart(folder: PartFolder, partNumber: number, staged: StagedFile): Promise<{ eTag: string }> {
  const eTag = Buffer.from(staged.sha256, 'base64').toString('hex').slice(0, 32);
  const name = nameOf({ partNumber, size: staged.size, eTag });
  await rename(staged.path, join(folder.path, name));
  await syncFolder(folder.path); // before the one that it replaces is gone
  const replaced = (await readdir(folder.path)).filter((other) => partOf(other)?.partNumber === partNumber);
  for (const other of replaced) if (other !== name) await rm(join(folder.path, other));
  if (replaced.length > 1) await syncFolder(folder.path);
  return { eTag };
}

/** In the order of their numbers. If a crash left two of one number, nobody was told of the later one: either will do. */
export async function partsIn(folder: PartFolder): Promise<readonly UploadedPart[]> {
  const parts = (await readdir(folder.path)).map(partOf).filter((part) => part !== undefined);
  const byNumber = new Map(parts.map((part) => [part.partNumber, part]));
  return [...byNumber.values()].sort((a, b) => a.partNumber - b.partNumber);
}

/** Their bytes one after the other, a chunk at a time. */
export async function* readParts(folder: PartFolder, parts: readonly UploadedPart[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    yield* createReadStream(join(folder.path, nameOf(part)), { highWaterMark: READ_BYTES });
  }
}

/** Ends the upload in one step, and then removes its files. `incoming` is on the same disk. */
export async function removePartFolder(path: string, incoming: string): Promise<void> {
  const doomed = join(incoming, randomUUID());
  await rename(path, doomed);
  await syncFolder(dirname(path));
  await rm(doomed, { recursive: true });
}

/** No other name than one of ours is joined to a path. */
async function openPartFolder(root: string, multipartId: string): Promise<PartFolder | undefined> {
  if (!/^[0-9a-f-]{36}$/.test(multipartId)) return undefined;
  const path = join(root, '.multipart', multipartId);
  const file = join(path, UPLOAD_FILE);
  await refuseLinks(root, path);
  try {
    const upload: Pick<PartFolder, 'key' | 'contentType'> = JSON.parse(await readFile(file, 'utf8'));
    return { path, key: upload.key, contentType: upload.contentType, createdAt: (await stat(file)).mtime };
  } catch (error) {
    if (error instanceof SyntaxError || isAbsence(error)) return undefined;
    throw error;
  }
}

function nameOf({ partNumber, size, eTag }: UploadedPart): string {
  return `${partNumber}-${size}-${eTag}`;
}

function partOf(name: string): UploadedPart | undefined {
  const [, partNumber, size, eTag = ''] = /^(\d+)-(\d+)-([0-9a-f]{32})$/.exec(name) ?? [];
  return eTag === '' ? undefined : { partNumber: Number(partNumber), size: Number(size), eTag };
}
