import { execFile } from 'node:child_process';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Crop } from '../../shared/images/formats.ts';

/** What became of a file, and what that took: the processor's time, and memory of the whole process at its peak. */
export interface Cost {
  /** What the script did with the file, or the code that the file was rejected with. */
  readonly outcome: string;
  readonly milliseconds: number;
  readonly peakBytes: number;
}

/** Milliseconds after which a process is ended: what still runs then runs for ever. */
const GIVE_UP = 60_000;

/**
 * Gives the bytes to a script, in a process of its own.
 * @throws {Error} if the process fails, or has not ended after a minute
 */
export async function costOf(
  script: 'inspect-and-render.ts' | 'strip-and-describe.ts',
  bytes: Uint8Array,
  crop?: Crop,
) {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'cost-'));
  const file = join(folder.path, 'file');
  await writeFile(file, bytes);
  const command = [join(import.meta.dirname, script), file, ...(crop ? [JSON.stringify(crop)] : [])];
  const { stdout } = await promisify(execFile)(process.execPath, command, { timeout: GIVE_UP });
  return JSON.parse(stdout) as Cost;
}
