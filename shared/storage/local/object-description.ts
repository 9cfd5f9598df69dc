import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { AVATAR_TYPES } from '../../images/formats.ts';
import type { ObjectHeaders } from '../storage-backend.ts';
import { isAbsence } from './disk-errors.ts';
import { fileVersion } from './staged-file.ts';

/**
 * What the bytes of an object do not say themselves. It stands in a hidden sidecar beside them and names the very file
 * it describes, so bytes and description change together, in one rename:
 *
 *     write .photo.png.next for the new file -> rename the new file to photo.png -> rename .next to .photo.png.info
 *
 * Whichever of the two sidecars names the file that stands there counts. After a crash before the middle step that is
 * the old one, after it the new one.
 */
export interface ObjectDescription extends ObjectHeaders {
  readonly metadata: Readonly<Record<string, string>>;
  /** Of the bytes, base64. */
  readonly sha256: string;
  /** ISO 8601. When the object was made, if its file is older. @default - the file's own time */
  readonly linkedAt?: string;
}

interface Sidecar extends ObjectDescription {
  /** The `fileVersion` of the bytes it describes. */
  readonly version: string;
}

/**
 * The ETag: a digest of bytes, headers and metadata. A write that changes nothing but the metadata gives another one,
 * so whoever saw the older metadata loses his `ifMatch`.
 */
export function eTagOf({ sha256, contentType, ...rest }: ObjectDescription): string {
  const metadata = Object.entries(rest.metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = [sha256, contentType, rest.cacheControl ?? null, rest.contentDisposition ?? null, metadata];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/**
 * The description of the open file that stands at `path`. A folder that was copied or restored has new inodes and
 * times: the digest decides then. Without any sidecar that fits (a tree from elsewhere, a file edited by hand) it is
 * derived: type by extension, no metadata.
 */
export async function readDescription(path: string, handle: FileHandle): Promise<ObjectDescription> {
  const version = await fileVersion(handle);
  const current = await readSidecar(sidecarPath(path, 'info'));
  if (current?.version === version) return current;
  const next = await readSidecar(sidecarPath(path, 'next'));
  if (next?.version === version) return next;
  const sha256 = await digestOf(handle);
  const fitting = [current, next].find((sidecar) => sidecar?.sha256 === sha256);
  return fitting ?? { contentType: contentTypeOf(path), metadata: {}, sha256 };
}

/** Writes the description of a file that is about to be renamed to `path`. Until then it does not count. */
export async function announceDescription(path: string, sidecar: Sidecar): Promise<void> {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const handle = await open(sidecarPath(path, 'next'), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  try {
    await handle.writeFile(JSON.stringify(sidecar));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The announced description becomes the ordinary one, and the one before it is gone. */
export async function settleDescription(path: string): Promise<void> {
  await rename(sidecarPath(path, 'next'), sidecarPath(path, 'info'));
}

/** After the bytes are gone. */
export async function removeDescription(path: string): Promise<void> {
  await rm(sidecarPath(path, 'info'), { force: true });
  await rm(sidecarPath(path, 'next'), { force: true });
}

/**
 * Removes the descriptions in and below the folder whose file never came, or is gone. At start-up only. A file of
 * somebody else's that only has such a name stays: it is no description.
 */
export async function removeOrphans(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = new Set(entries.map(({ parentPath, name }) => join(parentPath, name)));
  for (const { parentPath, name } of entries) {
    const described = /^\.(.+)\.(?:info|next)$/.exec(name)?.[1];
    const path = join(parentPath, name);
    if (described === undefined || paths.has(join(parentPath, described))) continue;
    const sidecar = await readSidecar(path);
    if (name.endsWith('.next') || typeof sidecar?.version === 'string') await rm(path, { force: true });
  }
}

function sidecarPath(path: string, kind: 'info' | 'next'): string {
  return join(dirname(path), `.${basename(path)}.${kind}`);
}

/** A sidecar that a crash left half written describes nothing. */
async function readSidecar(path: string): Promise<Sidecar | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return JSON.parse(await handle.readFile('utf8'));
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof SyntaxError || isAbsence(error)) return undefined;
    throw error;
  }
}

async function digestOf(handle: FileHandle): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) digest.update(chunk);
  return digest.digest('base64');
}

const TYPES_BY_EXTENSION: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(AVATAR_TYPES).map(([type, extension]) => [`.${extension}`, type])),
  '.jpeg': 'image/jpeg',
};

function contentTypeOf(path: string): string {
  return TYPES_BY_EXTENSION[extname(path)] ?? 'application/octet-stream';
}
