import { choicesOf, formatSchedule, type Trail } from './schedule.ts';

export interface Violation {
  readonly fault: string;
  /** The first schedule in which it was seen; one of the shortest. */
  readonly schedule: string;
  /** Whether it is there once everything has come to rest. */
  readonly isAtRest: boolean;
}

export interface Violations {
  add(faults: readonly string[], trail: Trail | undefined, isAtRest: boolean): void;
  list(): readonly Violation[];
}

/** Each different fault, with the first schedule that led to it. */
export function createViolations(): Violations {
  const known = new Map<string, Violation>();
  return {
    add(faults, trail, isAtRest) {
      for (const fault of faults) {
        const name = `${isAtRest} ${fault}`;
        if (!known.has(name)) known.set(name, { fault, schedule: formatSchedule(choicesOf(trail)), isAtRest });
      }
    },
    list: () => [...known.values()],
  };
}
