import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replay } from './replay.ts';
import type { Scenario } from './scenario.ts';
import type { Violation } from './violations.ts';

/** What the last exploration found, by the titles of its scenarios. The tests on engines run after it, and read it. */
const FILE = join(import.meta.dirname, '../../node_modules/.cache/found-violations.json');

type Found = Readonly<Record<string, readonly Violation[]>>;

export async function foundViolations(): Promise<Found> {
  const text = await readFile(FILE, 'utf8').catch(() => '{}');
  return JSON.parse(text) as Found;
}

export async function keepViolations(found: Found): Promise<void> {
  await mkdir(dirname(FILE), { recursive: true });
  await writeFile(FILE, JSON.stringify({ ...(await foundViolations()), ...found }));
}

/** Runs the schedule of each violation on real adapters, and says for each whether it shows there too. */
export async function replayEach(
  scenario: Scenario,
  violations: readonly Violation[],
  openAdapters: Parameters<typeof replay>[1],
): Promise<string[]> {
  const shown: string[] = [];
  for (const { fault, schedule } of violations) {
    const replayed = await replay({ scenario, schedule }, openAdapters);
    const isShown = replayed.violations.some((violation) => violation.fault === fault);
    shown.push(`${fault} (${isShown ? 'shown again' : 'not shown again'}): ${schedule}`);
  }
  return shown;
}
