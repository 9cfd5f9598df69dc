/** Histories of each of the two kinds in a usual run, all from one seed: in memory, and on the adapters of local mode. */
const IN_MEMORY = 400;
const ON_DISK = 40;
const SEED = 20_261_125;

const { HISTORIES, HISTORIES_SEED } = process.env;
const isLong = HISTORIES !== undefined;

/** How many histories there are, and from which seed. */
export interface Runs {
  readonly numRuns: number;
  readonly seed: number;
}

const seed = Number(HISTORIES_SEED ?? (isLong ? Date.now() : SEED));

/** HISTORIES: how many there are of both kinds together, from HISTORIES_SEED. @default - a new seed for each long run */
export const HISTORY_RUNS: Runs = { numRuns: isLong ? Math.ceil(Number(HISTORIES) / 2) : IN_MEMORY, seed };

/** The same on a disk, where a history takes several times as long. */
export const DISK_RUNS: Runs = { numRuns: isLong ? Math.ceil(Number(HISTORIES) / 20) : ON_DISK, seed };

/** So many that everything happens in one of them that may. */
export const ENOUGH_FOR_ALL = IN_MEMORY;

/** Milliseconds. A history takes a tenth of a second at most, but a failure is shrunk. */
export const RUN_TIMEOUT = 300_000 + 500 * HISTORY_RUNS.numRuns;
