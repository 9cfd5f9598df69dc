import { RenderPool } from '../../../functions/rendering/render-pool.ts';
import { HOSTILE_CHILD, imageThat } from './hostile-images.ts';

/*
 * A process that owns a pool: prints the ids of three child processes, and leaves one that hangs, one that waits and one
 * that is idle.
 */
const pool = new RenderPool({ module: HOSTILE_CHILD, size: 3 });
const namings = [1, 2, 3].map(() => pool.renderAvatar({ bytes: imageThat('names its process') }));
const named = await Promise.allSettled(namings);
for (const naming of named) if (naming.status === 'rejected') console.log(naming.reason.message);
void pool.renderAvatar({ bytes: imageThat('hangs') });
void pool.renderAvatar({ bytes: imageThat('never replies') });
