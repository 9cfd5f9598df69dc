/** Histories of each of the two kinds in a usual run, all from one seed: in memory, and on the adapters of local mode. */
const IN_MEMORY = 400;
const ON_DISK = 40;
const SEED = 20_261_125;

const { HISTORIES, HISTORIES_SEED } = process.env;
const isLong = HISTORIES !== undefined;

/** How many histories there are, and from which seed. They stop at the time limit, also while a failure is shrunk. */
export interface Runs {
  readonly numRuns: number;
  readonly seed: number;
  readonly interruptAfterTimeLimit: number;
  readonly markInterruptAsFailure: true;
}

const seed = Number(HISTORIES_SEED ?? (isLong ? Date.now() : SEED));

function runs(numRuns: number): Runs {
  return { numRuns, seed, interruptAfterTimeLimit: 120_000 + 200 * numRuns, markInterruptAsFailure: true };
}

/** HISTORIES: how many there are of both kinds together, from HISTORIES_SEED. @default - a new seed for each long run */
export const HISTORY_RUNS = runs(isLong ? Math.ceil(Number(HISTORIES) / 2) : IN_MEMORY);

/** The same on a disk, where a history takes several times as long. */
export const DISK_RUNS = runs(isLong ? Math.ceil(Number(HISTORIES) / 20) : ON_DISK);

/** So many that everything happens in one of them that may. */
export const ENOUGH_FOR_ALL = IN_MEMORY;

/** Milliseconds. */
export const RUN_TIMEOUT = HISTORY_RUNS.interruptAfterTimeLimit + 60_000;
