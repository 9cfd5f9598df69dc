import { createProcessUploadHandler } from '../process-upload.ts';
import { RenderPool } from '../rendering/render-pool.ts';
import { createWorkerDependencies } from './dependencies.ts';

/** Lambda gives each environment one message at a time. `lib/function-bundle.ts` puts the child beside this bundle. */
const pool = new RenderPool({ module: new URL('./render-child.mjs', import.meta.url), size: 1 });
// The child loads the decoder while this process loads the rest.
pool.prepare();

export const handler = createProcessUploadHandler(createWorkerDependencies(process.env, pool));
