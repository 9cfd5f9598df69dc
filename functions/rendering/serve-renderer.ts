import { isMainThread, Worker } from 'node:worker_threads';
import type { Renderer } from '../../shared/dependencies.ts';
import { guardProcess } from './guard-process.ts';
import { READY, type RenderJob, type RenderReply, replyTo } from './render-messages.ts';

/**
 * Makes this process a child of the pool: it renders one job after the other, until its parent disconnects. `entry` is
 * the URL of the calling module. It also runs in the guard's thread, where it loads no renderer.
 */
export function serveRenderer(entry: string, load: () => Promise<Renderer>): void {
  if (isMainThread) serveJobs(new URL(entry), load());
  else guardProcess();
}

function serveJobs(guard: URL, loading: Promise<Renderer>): void {
  new Worker(guard, { argv: process.argv.slice(2) }).unref();
  void loading.then(() => send(READY));
  process.on('message', async (job: RenderJob) => send(await replyTo(await loading, job)));
  process.on('disconnect', () => process.exit());
  // A terminal sends Ctrl-C to the whole group, and a service manager its SIGTERM: the parent still needs the result.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
}

/** With a callback, an error is not emitted: there is no one to send to when the parent is gone. */
function send(message: typeof READY | RenderReply): void {
  process.send?.(message, undefined, undefined, () => {});
}
