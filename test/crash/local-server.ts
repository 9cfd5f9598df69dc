import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** `bin/local.ts` in a process of its own. */
export interface LocalServer {
  /** Resolves with its address once it says that it is ready. */
  readonly ready: Promise<string>;
  /** As the kernel's out-of-memory killer does it; resolves when the process is gone. */
  kill(): Promise<void>;
  /** As an operator does it; resolves with the exit code. */
  stop(): Promise<number | null>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What is shown of its log when it does not start. */
const LOG_TAIL = 4000;

/** Starts it over the folder, on any free port. */
export function startLocalServer(folder: string): LocalServer {
  const child = spawn(process.execPath, ['bin/local.ts'], {
    cwd: ROOT,
    // Each kill leaves tickets open that no client knows of.
    env: { PATH: process.env.PATH, UPLOAD_DIRECTORY: folder, PORT: '0', OPEN_UPLOADS_PER_USER: '1000' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const ready = addressOf(child, exited);
  // A server that is killed before it is ready has nobody waiting for it.
  ready.catch(() => {});
  return {
    ready,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}

async function addressOf(child: ChildProcess, exited: Promise<unknown>): Promise<string> {
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-LOG_TAIL);
  });
  if (!child.stdout) throw new Error('no stdout');
  const line = once(createInterface(child.stdout), 'line') as Promise<[string]>;
  const first = await Promise.race([line, exited.then(() => undefined)]);
  const address = /ready at (\S+)$/.exec(first?.[0] ?? '')?.[1];
  if (address === undefined) throw new Error(`the server did not start:\n${log}`);
  return address;
}
