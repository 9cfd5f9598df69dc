import type { Renderer } from '../../shared/dependencies.ts';
import type { AttachmentJob, AttachmentResult, AvatarJob, AvatarResult } from '../../shared/images/render-jobs.ts';
import { type RenderJob, resultOf } from './render-messages.ts';
import { type RenderLimits, RenderProcess } from './render-process.ts';

export interface RenderPoolOptions extends Partial<RenderLimits> {
  /** The module that each process runs: it calls `serveRenderer`. */
  readonly module: URL;
  /** Processes at most, from 1. */
  readonly size: number;
}

/** The most that an image may take: three times what the costliest file within IMAGE_LIMITS does. */
const DEADLINE_MILLISECONDS = 30_000;
const MEMORY_BYTES = 1_500_000_000;
/** Idle processes at least, while there is room: a start takes longer than a photo. */
const SPARE = 3;

/**
 * Renders in child processes, so that a file that hangs or exhausts the decoder costs its own process and nothing else.
 * A process is kept for the next job; one that exceeds a limit is ended and replaced. A few more than needed are
 * started, so a job rarely waits for a start. Jobs beyond `size` wait for a process.
 */
export class RenderPool implements Renderer {
  readonly #options: RenderPoolOptions & RenderLimits;
  readonly #processes = new Set<RenderProcess>();
  readonly #idle: RenderProcess[] = [];
  readonly #waiting: (() => void)[] = [];
  #isStarting = false;
  #isClosed = false;

  constructor(options: RenderPoolOptions) {
    this.#options = { deadline: DEADLINE_MILLISECONDS, memoryBytes: MEMORY_BYTES, ...options };
  }

  /** Starts processes ahead of the next jobs, one after the other: each keeps a core busy until it is ready. */
  prepare(): void {
    if (this.#isStarting || this.#idle.length >= SPARE) return;
    const process = this.#startIfRoom();
    if (!process) return;
    this.#idle.unshift(process);
    this.#isStarting = true;
    const isReady = Promise.race([process.ready.then(() => true), process.ended.then(() => false)]);
    void isReady.then((startsAnother) => {
      this.#isStarting = false;
      if (startsAnother) this.prepare();
    });
  }

  renderAvatar(input: AvatarJob): Promise<AvatarResult> {
    return this.#run({ method: 'renderAvatar', input }) as Promise<AvatarResult>;
  }

  prepareAttachment(input: AttachmentJob): Promise<AttachmentResult> {
    return this.#run({ method: 'prepareAttachment', input }) as Promise<AttachmentResult>;
  }

  /** Ends every process, whatever it does, and starts no other. */
  close(): void {
    this.#isClosed = true;
    for (const process of this.#processes) process.kill();
  }

  async #run(job: RenderJob): Promise<unknown> {
    const process = await this.#take();
    try {
      const reply = await process.run(job);
      // Memory that the decoder has not returned must not count against the next image.
      if (reply.residentBytes > this.#options.memoryBytes / 3) process.kill();
      else this.#idle.push(process);
      return resultOf(reply);
    } finally {
      if (this.#idle.includes(process)) this.#waiting.shift()?.();
      else void process.ended.then(() => this.prepare());
    }
  }

  async #take(): Promise<RenderProcess> {
    if (this.#isClosed) throw new Error('the pool that renders is closed');
    const process = this.#idle.pop() ?? this.#startIfRoom();
    if (process) {
      this.prepare();
      return process;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#take();
  }

  #startIfRoom(): RenderProcess | undefined {
    if (this.#isClosed || this.#processes.size >= this.#options.size) return undefined;
    const process = new RenderProcess(this.#options.module, this.#options);
    this.#processes.add(process);
    void process.ended.then(() => {
      this.#processes.delete(process);
      const index = this.#idle.indexOf(process);
      if (index >= 0) this.#idle.splice(index, 1);
      this.#waiting.shift()?.();
    });
    return process;
  }
}
