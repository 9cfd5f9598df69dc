import { RenderPool } from '../../../functions/rendering/render-pool.ts';
import { HOSTILE_CHILD, imageThat } from './hostile-images.ts';

/* A process that has nothing to do but wait for its pool, which replaces its only process after each job. */
const pool = new RenderPool({ module: HOSTILE_CHILD, size: 1, memoryBytes: 180_000_000 });
for (let job = 0; job < 2; job += 1) {
  await pool.renderAvatar({ bytes: imageThat('names its process') }).catch(({ message }) => console.log(message));
}
