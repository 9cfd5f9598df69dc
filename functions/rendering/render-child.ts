import { serveRenderer } from './serve-renderer.ts';

/** A child process of the pool, with the renderer of the service. The guard's thread must not load the decoder. */
serveRenderer(import.meta.url, async () => (await import('../../shared/images/renderer.ts')).renderer);
