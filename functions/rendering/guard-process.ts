import { writeSync } from 'node:fs';

/** The file descriptor on which the guard says why it ends the process, and the byte that says it. */
export const GUARD_DESCRIPTOR = 3;
export const OUT_OF_MEMORY = 'm';

/** Decoders reserve memory within milliseconds; what is exceeded before a look is within what the process has spare. */
const LOOK_MILLISECONDS = 50;

/**
 * Ends this process beyond its memory limit, and when its parent is gone. It runs in a thread of its own, so it also
 * does that while the main thread hangs in native code. Arguments of the process: the limit in bytes, the parent's id.
 */
export function guardProcess(): void {
  const [memoryBytes = 0, parent = 0] = process.argv.slice(2).map(Number);
  setInterval(() => {
    if (isOrphan(parent)) end();
    if (process.memoryUsage.rss() <= memoryBytes) return;
    writeSync(GUARD_DESCRIPTOR, OUT_OF_MEMORY);
    end();
  }, LOOK_MILLISECONDS);
}

/** On Windows, the id of the parent stays the same when the parent ends. */
function isOrphan(parent: number): boolean {
  if (process.ppid !== parent) return true;
  try {
    process.kill(parent, 0);
    return false;
  } catch {
    return true;
  }
}

function end(): void {
  process.kill(process.pid, 'SIGKILL');
}
