import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const CACHE = join(ROOT, 'node_modules/.cache/native-sharp');

/** Lambda's names. */
export type Architecture = 'arm64' | 'x86_64';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string }>>;
}

/**
 * A folder with sharp's native packages for Lambda's Linux, whatever this machine is, laid out as in `node_modules`.
 * npm downloads them once for each version and checks them against package-lock.json, which lists every platform's.
 */
export function nativeSharp(architecture: Architecture): string {
  const cpu = architecture === 'arm64' ? 'arm64' : 'x64';
  const packages = lockedPackages([`@img/sharp-linux-${cpu}`, `@img/sharp-libvips-linux-${cpu}`]);
  const versions = Object.values(packages).map(({ version }) => version);
  const folder = join(CACHE, `${cpu}-${versions.join('-')}`);
  if (!existsSync(folder)) install({ packages, cpu, folder });
  return join(folder, 'node_modules');
}

function lockedPackages(names: readonly string[]): Lock['packages'] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
  return Object.fromEntries(
    names.map((name) => {
      const entry = packages[`node_modules/${name}`];
      if (!entry) throw new RangeError(`package-lock.json has no ${name}; sharp's native packages changed their names`);
      // Without `optional`, so that a package that cannot be installed is an error and not skipped.
      return [name, { version: entry.version, integrity: entry.integrity }];
    }),
  );
}

interface Installation {
  readonly packages: Lock['packages'];
  readonly cpu: string;
  /** Exists once everything is installed. */
  readonly folder: string;
}

function install({ packages, cpu, folder }: Installation): void {
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'installing-'));
  try {
    const dependencies = Object.fromEntries(Object.entries(packages).map(([name, { version }]) => [name, version]));
    const locked = Object.fromEntries(Object.entries(packages).map(([name, entry]) => [`node_modules/${name}`, entry]));
    const lock = { lockfileVersion: 3, requires: true, packages: { '': { dependencies }, ...locked } };
    writeFileSync(join(work, 'package.json'), JSON.stringify({ private: true, dependencies }));
    writeFileSync(join(work, 'package-lock.json'), JSON.stringify(lock));
    const platform = ['--os=linux', `--cpu=${cpu}`, '--libc=glibc'];
    // Through a shell, because on Windows npm is a script; every argument is a constant of ours.
    execFileSync('npm', ['ci', ...platform, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: work,
      shell: process.platform === 'win32',
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
