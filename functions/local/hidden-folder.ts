import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidConfigurationError } from '../../shared/errors.ts';

/** What the service itself keeps beside the objects: database, keys, lock, dead letters. No object key reaches it. */
export interface HiddenFolder {
  readonly database: string;
  readonly lock: string;
  readonly deadLetters: string;
  readonly signingKey: string;
  /** Signs addresses of the storage in local mode. */
  readonly linkSecret: string;
  /** Signs links to attachments. */
  readonly contentLinkSecret: string;
}

/** @throws InvalidConfigurationError for a place where no folder can be. */
export async function openHiddenFolder(uploadDirectory: string): Promise<HiddenFolder> {
  const folder = join(uploadDirectory, '.service');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code;
    throw new InvalidConfigurationError(
      `UPLOAD_DIRECTORY is "${uploadDirectory}"; it accepts a folder that this user may write to (${why})`,
      { cause },
    );
  }
  return {
    database: join(folder, 'metadata.sqlite'),
    lock: join(folder, 'owner.sqlite'),
    deadLetters: join(folder, 'dead-letters.jsonl'),
    signingKey: join(folder, 'token-key.json'),
    linkSecret: join(folder, 'link-secret'),
    contentLinkSecret: join(folder, 'content-link-secret'),
  };
}

/** The 32 random bytes in a file. @throws InvalidConfigurationError for a file that holds anything else. */
export async function keepRandomKey(path: string): Promise<Uint8Array> {
  const key = Buffer.from(await keepSecret(path, () => randomBytes(32).toString('base64')), 'base64');
  if (key.length !== 32) throw damagedSecret(path);
  return key;
}

/** For a file of the service that somebody else wrote to: going on with it would weaken what it protects. */
export function damagedSecret(path: string, options?: ErrorOptions): InvalidConfigurationError {
  return new InvalidConfigurationError(`"${path}" is damaged; remove it to have a new one made`, options);
}

/**
 * The secret in a file, made on first use. Two processes that start together end with the same one: whoever links its
 * file first wins, and a file is only ever seen whole.
 */
export async function keepSecret(path: string, make: () => Promise<string> | string): Promise<string> {
  const kept = await readIfThere(path);
  if (kept !== undefined) return kept;
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, await make(), { mode: 0o600, flush: true });
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  return readFile(path, 'utf8');
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
