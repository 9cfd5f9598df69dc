/**
 * What is done next: the task makes one call and goes on until it waits again; or its process dies at the gate; or it
 * pauses there while the clock moves beyond its lease; or it pauses for as long and is overtaken, because meanwhile all
 * messages are delivered and the sweep runs.
 */
export interface Choice {
  readonly task: string;
  readonly does: 'call' | 'die' | 'pause' | 'overtaken';
}

/** `two*3 form*2 two!pause three*18`: three calls of `two`, two of `form`, then `two` pauses. */
export function formatSchedule(choices: readonly Choice[]): string {
  const runs: { readonly task: string; readonly does: Choice['does']; count: number }[] = [];
  for (const { task, does } of choices) {
    const last = runs.at(-1);
    if (last && does === 'call' && last.task === task && last.does === 'call') last.count += 1;
    else runs.push({ task, does, count: 1 });
  }
  return runs.map(({ task, does, count }) => (does === 'call' ? `${task}*${count}` : `${task}!${does}`)).join(' ');
}

/** @throws RangeError for anything that formatSchedule does not write. */
export function parseSchedule(schedule: string): Choice[] {
  return schedule.split(' ').flatMap((run): Choice[] => {
    const [, task, count, does] = /^([\w-]+)(?:\*(\d+)|!(die|pause|overtaken))$/.exec(run) ?? [];
    if (task === undefined) throw new RangeError(`"${run}" is no part of a schedule`);
    if (does !== undefined) return [{ task, does: does as Choice['does'] }];
    return Array.from({ length: Number(count) }, () => ({ task, does: 'call' }));
  });
}
