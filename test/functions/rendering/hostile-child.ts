import { serveRenderer } from '../../../functions/rendering/serve-renderer.ts';
import type { Renderer } from '../../../shared/dependencies.ts';
import { BEHAVIOURS } from './hostile-images.ts';

/** A child process of the pool that hangs, grows or ends over some images, and renders all others. */
serveRenderer(import.meta.url, load);

async function load(): Promise<Renderer> {
  const { renderer } = await import('../../../shared/images/renderer.ts');
  return {
    ...renderer,
    async renderAvatar(job) {
      await behaviourOf(job.bytes)?.();
      return renderer.renderAvatar(job);
    },
  };
}

function behaviourOf(bytes: Uint8Array): (() => unknown) | undefined {
  return Object.entries(BEHAVIOURS).find(([words]) => Buffer.from(words).equals(bytes))?.[1];
}
