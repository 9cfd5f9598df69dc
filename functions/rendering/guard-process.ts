import { writeSync } from 'node:fs';

/** The file descriptor to which the guard writes before it ends the process for its memory. */
export const GUARD_DESCRIPTOR = 3;
const OUT_OF_MEMORY = 'm';

/** Memory that is filled at 2 GB a second exceeds the limit by 100 MB before it is seen. */
const LOOK_MILLISECONDS = 50;

/**
 * Ends this process beyond its memory limit, and when its parent is gone. It runs in a thread of its own, so it also
 * does that while the main thread hangs in native code. Arguments of the process: the limit in bytes, the parent's id.
 */
export function guardProcess(): void {
  const [memoryBytes = 0, parent = 0] = process.argv.slice(2).map(Number);
  setInterval(() => {
    if (isOrphan(parent)) end();
    if (process.memoryUsage.rss() > memoryBytes) endOutOfMemory();
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

function endOutOfMemory(): void {
  try {
    writeSync(GUARD_DESCRIPTOR, OUT_OF_MEMORY);
  } finally {
    end();
  }
}

function end(): void {
  process.kill(process.pid, 'SIGKILL');
}
