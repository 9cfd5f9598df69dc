import { type Choice, formatSchedule } from './schedule.ts';

export interface Violation {
  readonly fault: string;
  /** The first schedule in which it was seen; one of the shortest. */
  readonly schedule: string;
  /** Whether it is there once everything has come to rest. */
  readonly isAtRest: boolean;
}

export interface Violations {
  /** `schedule` is only called for a fault that is new. */
  add(faults: readonly string[], isAtRest: boolean, schedule: () => readonly Choice[]): void;
  list(): readonly Violation[];
}

/** Each different fault, with the first schedule that led to it. */
export function createViolations(): Violations {
  const known = new Map<string, Violation>();
  return {
    add(faults, isAtRest, schedule) {
      for (const fault of faults) {
        const name = `${isAtRest} ${fault}`;
        if (!known.has(name)) known.set(name, { fault, schedule: formatSchedule(schedule()), isAtRest });
      }
    },
    list: () => [...known.values()],
  };
}
