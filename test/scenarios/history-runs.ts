/** Histories of each of the two kinds in a usual run, all from one seed. */
const USUAL = 300;
const SEED = 20_261_125;

const { HISTORIES, HISTORIES_SEED } = process.env;
const numRuns = HISTORIES === undefined ? USUAL : Math.ceil(Number(HISTORIES) / 2);

/** HISTORIES: how many there are of both kinds together, from HISTORIES_SEED. @default - a new seed for each long run */
export const HISTORY_RUNS = {
  numRuns,
  seed: HISTORIES === undefined ? SEED : Number(HISTORIES_SEED ?? Date.now()),
} as const;

/** Milliseconds. A history takes a tenth of a second, but a failure is shrunk. */
export const RUN_TIMEOUT = 300_000 + 1000 * numRuns;
