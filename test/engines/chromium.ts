import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { runCommand } from './engine-process.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * The browser's program, or undefined without one. With ENGINES=required it is installed by the system's own packages,
 * and fails where that cannot be.
 */
export async function findChromium(): Promise<string | undefined> {
  const found = installed();
  if (found !== undefined || process.env.ENGINES !== 'required') return found;
  await runCommand('apt-get', ['update', '-qq']);
  await runCommand('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium']);
  return installed();
}

/** A browser without a window. As root there is no sandbox to be had; the pages are the tests' own. */
export function startChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

function installed(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(existsSync);
}
