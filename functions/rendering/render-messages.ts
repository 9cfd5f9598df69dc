import type { Renderer } from '../../shared/dependencies.ts';
import { ContentRejectedError, type RejectionCode } from '../../shared/errors.ts';

/** What the pool sends to a child process: one call of the renderer. */
export type RenderJob = {
  readonly [Method in keyof Renderer]: { readonly method: Method; readonly input: Parameters<Renderer[Method]>[0] };
}[keyof Renderer];

/** What the child process sends once, when it has loaded the renderer. */
export const READY = 'ready';

/** What the child process sends back. Classes do not survive the way, so a rejection is sent as its code and message. */
export type RenderReply = (
  | { readonly result: unknown }
  | { readonly rejection: { readonly code: RejectionCode; readonly message: string } }
  | { readonly defect: unknown }
) & {
  /** Resident memory of the process after the job, in bytes. */
  readonly residentBytes: number;
};

/** Runs the job, and catches what it throws. */
export async function replyTo(renderer: Renderer, job: RenderJob): Promise<RenderReply> {
  const outcome = await run(renderer, job).then(
    (result) => ({ result }),
    (error: unknown) =>
      error instanceof ContentRejectedError
        ? { rejection: { code: error.code, message: error.message } }
        : { defect: error },
  );
  return { ...outcome, residentBytes: process.memoryUsage.rss() };
}

function run(renderer: Renderer, job: RenderJob): Promise<unknown> {
  return job.method === 'renderAvatar' ? renderer.renderAvatar(job.input) : renderer.prepareAttachment(job.input);
}

/**
 * The result of the job.
 * @throws ContentRejectedError, or what the renderer threw, as it would in this process.
 */
export function resultOf(reply: RenderReply): unknown {
  if ('result' in reply) return reply.result;
  throw 'rejection' in reply ? new ContentRejectedError(reply.rejection.code, reply.rejection.message) : reply.defect;
}
