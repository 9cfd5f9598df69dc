import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { ContentRejectedError } from '../../shared/errors.ts';
import { GUARD_DESCRIPTOR } from './guard-process.ts';
import { READY, type RenderJob, type RenderReply } from './render-messages.ts';

export interface RenderLimits {
  /** Milliseconds that a job may take, whether it computes or waits. */
  readonly deadline: number;
  /** Resident memory that the process may have, in bytes. */
  readonly memoryBytes: number;
}

/** Variables that the process gets. It decodes hostile files, so it gets no credentials. */
const VARIABLES = ['PATH', 'LD_LIBRARY_PATH', 'SystemRoot', 'TMPDIR', 'TEMP', 'TZ'];
/** V8's end when its heap is full: the signal on POSIX, the exit code on Windows. */
const V8_ABORTS: readonly unknown[] = ['SIGABRT', 134];

/** One long-lived child process, which has one job at a time. */
export class RenderProcess {
  readonly #limits: RenderLimits;
  readonly #child: ChildProcess;
  #job: PromiseWithResolvers<RenderReply> | undefined;
  #endedBy: 'time' | 'memory' | undefined;
  readonly #ready = Promise.withResolvers<void>();
  /** Resolves once the process has loaded the renderer. Stays pending if it ends before. */
  readonly ready = this.#ready.promise;
  /** Resolves once the process is gone. */
  readonly ended: Promise<void>;

  /** Starts the process. A job can be run at once. */
  constructor(module: URL, limits: RenderLimits) {
    this.#limits = limits;
    this.#child = fork(module, [String(limits.memoryBytes), String(process.pid)], {
      execArgv: ['--enable-source-maps', `--max-old-space-size=${Math.floor(limits.memoryBytes / 1024 ** 2)}`],
      env: environment(),
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.#child.on('message', (message: typeof READY | RenderReply) => {
      if (message === READY) this.#ready.resolve();
      else this.#job?.resolve(message);
    });
    this.ended = this.#watch();
    this.#leaveEventLoop();
  }

  /**
   * The reply to the job. Must not be called again before it is there.
   * @throws ContentRejectedError `image_too_complex` for a job that takes more time or memory than allowed; Error if the
   * process ends in any other way. Either way the process is gone then.
   */
  async run(job: RenderJob): Promise<RenderReply> {
    this.#job = Promise.withResolvers();
    // The timer also keeps the event loop running until the process replies.
    const timer = setTimeout(() => this.#endLateJob(), this.#limits.deadline);
    try {
      // With a callback, an error is not emitted: if the process is gone, its end is what counts.
      this.#child.send(job, () => {});
      return await this.#job.promise;
    } finally {
      clearTimeout(timer);
      this.#job = undefined;
    }
  }

  /** Ends the process, whatever it does. Its parent waits for its end. */
  kill(): void {
    this.#child.ref();
    this.#child.kill('SIGKILL');
  }

  #endLateJob(): void {
    this.#endedBy = 'time';
    this.kill();
  }

  #watch(): Promise<void> {
    const child = this.#child;
    child.stdio[GUARD_DESCRIPTOR]?.once('data', () => {
      this.#endedBy = 'memory';
    });
    return new Promise((resolve) => {
      const end = (reason: Error) => {
        this.#job?.reject(reason);
        resolve();
      };
      // Not `exit`: once the streams are closed, what the guard wrote has been read.
      child.once('close', (code, signal) => end(this.#reasonOf(signal ?? code)));
      child.on('error', (cause) => {
        if (child.pid === undefined) end(new Error('the process that renders cannot be started', { cause }));
      });
    });
  }

  /** An idle process does not keep its parent from ending. */
  #leaveEventLoop(): void {
    this.#child.unref();
    this.#child.channel?.unref();
    (this.#child.stdio[GUARD_DESCRIPTOR] as Socket | undefined)?.unref();
  }

  #reasonOf(end: NodeJS.Signals | number | null): Error {
    const { deadline, memoryBytes } = this.#limits;
    if (this.#endedBy === 'time') return tooComplex(`takes more than ${deadline / 1000} s to decode`);
    if (this.#endedBy === 'memory' || V8_ABORTS.includes(end)) {
      return tooComplex(`needs more than ${Math.round(memoryBytes / 1_000_000)} MB of memory to decode`);
    }
    return new Error(`the process that renders ended with ${end}`);
  }
}

function environment(): NodeJS.ProcessEnv {
  const passed = VARIABLES.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  // glibc keeps an arena for each thread. With one, half the memory is held after large images, and no time is lost.
  return { ...Object.fromEntries(passed), MALLOC_ARENA_MAX: '1' };
}

function tooComplex(why: string): ContentRejectedError {
  return new ContentRejectedError('image_too_complex', `the image ${why}`);
}
