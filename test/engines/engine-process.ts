import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Where engines are installed: outside node_modules, so that `npm ci` does not throw them away. */
const ENGINES = join(import.meta.dirname, '../../.engines');
const READY_SECONDS = 60;
const STOP_SECONDS = 5;

/** A server that tests use, bound to 127.0.0.1. */
export interface RunningEngine {
  stop(): Promise<void>;
}

/** The tool chain for an engine is not on this machine; the message names what is missing. */
export class EngineUnavailableError extends Error {}

/** A server ended before it was ready: most likely another process had taken one of its ports. */
class EngineEndedError extends Error {}

/**
 * The folder of an installed engine. `install` fills an empty one on first use; it only takes its name once that has
 * succeeded, so a broken installation is never taken for a whole one.
 */
export async function installOnce(name: string, install: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(ENGINES, name);
  const draft = `${folder}.${randomUUID()}`;
  if (await readFile(join(folder, '.installed')).catch(() => undefined)) return folder;
  await mkdir(draft, { recursive: true });
  try {
    await install(draft);
    await writeFile(join(draft, '.installed'), '');
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Two runs that start together both install; who comes second uses what the first has put there.
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
  }
  return folder;
}

/** @throws EngineUnavailableError if the command is not there; Error with its output if it fails. */
export async function runCommand(command: string, args: readonly string[], cwd?: string): Promise<string> {
  try {
    const options = { maxBuffer: 64 * 1024 * 1024, ...(cwd !== undefined && { cwd }) };
    return (await promisify(execFile)(command, args, options)).stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new EngineUnavailableError(`the command "${command}" is not installed`);
    }
    throw error;
  }
}

/**
 * Starts a server in a process group of its own and waits until `isReady`.
 * @throws Error with the end of its log if it ends, or is not ready in a minute.
 */
export async function startEngine(options: {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly isReady: () => Promise<boolean>;
}): Promise<RunningEngine> {
  const { command, args, env = process.env, logFile, isReady } = options;
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, { env, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  const kill = () => signal(child.pid, 'SIGKILL');
  process.on('exit', kill); // a run that is broken off leaves no engine behind
  const deadline = Date.now() + READY_SECONDS * 1000;
  while (!(await isReady().catch(() => false))) {
    const hasEnded = child.exitCode !== null;
    if (hasEnded || Date.now() > deadline) {
      kill();
      const message = `${command} did not become ready:\n${(await readFile(logFile, 'utf8')).slice(-2000)}`;
      throw hasEnded ? new EngineEndedError(message) : new Error(message);
    }
    await sleep(100);
  }
  return {
    async stop() {
      signal(child.pid, 'SIGTERM');
      await Promise.race([ended, sleep(STOP_SECONDS * 1000, undefined, { ref: false })]);
      kill();
      process.off('exit', kill);
    },
  };
}

/** To the whole group: engines have children of their own. */
function signal(pid: number | undefined, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Starts a server on free ports, and on others if it ends at once: whether a port is free is known only once it is taken.
 * @throws what `start` throws, at the latest at the third try.
 */
export async function startOnFreePorts<Running>(
  wanted: { readonly count: number; readonly alsoFree?: number },
  start: (ports: readonly number[]) => Promise<Running>,
): Promise<Running> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(await freePorts(wanted.count, wanted.alsoFree));
    } catch (error) {
      if (!(error instanceof EngineEndedError) || tries === 3) throw error;
    }
  }
}

/** Ports of 127.0.0.1 that nobody listens on. With `alsoFree`, port + alsoFree is free too. */
export async function freePorts(count: number, alsoFree?: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count && tries < 200; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const needed = alsoFree === undefined ? [port] : [port, port + alsoFree];
    if (!ports.includes(port) && (await Promise.all(needed.map(isFree))).every(Boolean)) ports.push(port);
  }
  if (ports.length < count) throw new Error('too few free ports');
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    await once(probe.listen(port, '127.0.0.1'), 'listening');
    return true;
  } catch {
    return false;
  } finally {
    probe.close();
  }
}
