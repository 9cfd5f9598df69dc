import { readFile } from 'node:fs/promises';
import { ContentRejectedError } from '../../shared/errors.ts';
import type { Cost } from './cost.ts';

/** Prints what became of the file that the command line names, and what that took of this process. */
export async function printCost(outcomeOf: (file: Buffer) => Promise<string>): Promise<void> {
  const file = await readFile(process.argv[2] ?? '');
  const start = process.cpuUsage();
  const outcome = await outcomeOf(file).catch(codeOf);
  const { user, system } = process.cpuUsage(start);
  const cost: Cost = { outcome, milliseconds: (user + system) / 1000, peakBytes: await peakBytes() };
  console.log(JSON.stringify(cost));
}

function codeOf(error: unknown): string {
  if (error instanceof ContentRejectedError) return error.code;
  throw error;
}

/** Linux counts in `maxRSS` what the parent had when it started this process, but not in `VmHWM` (proc(5)). */
async function peakBytes(): Promise<number> {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile('/proc/self/status', 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}
