import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the service itself keeps beside the objects: database, keys, lock, dead letters. No object key reaches it. */
export interface HiddenFolder {
  readonly database: string;
  readonly lock: string;
  readonly deadLetters: string;
  readonly signingKey: string;
  readonly linkSecret: string;
}

export async function openHiddenFolder(uploadDirectory: string): Promise<HiddenFolder> {
  const folder = join(uploadDirectory, '.service');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return {
    database: join(folder, 'metadata.sqlite'),
    lock: join(folder, 'owner.sqlite'),
    deadLetters: join(folder, 'dead-letters.jsonl'),
    signingKey: join(folder, 'token-key.json'),
    linkSecret: join(folder, 'link-secret'),
  };
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
