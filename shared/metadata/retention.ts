const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Spans of time that transitions write, in milliseconds. */
export const RETENTION = {
  /** From the end of an upload, or the removal of a user's deleted avatar, to the removal of its record. */
  finished: 35 * DAY,
  /** A pending upload cannot be signed again after this age. */
  renewable: DAY,
  /** From the publication of a draft to its end. */
  draft: DAY,
  /** From a message of the service's own to the next look of the sweep: longer than any message is retried. */
  redriveDelay: 15 * MINUTE,
  /** From the first removal to the second, for what a worker that had lost its lease wrote in between. */
  secondPassDelay: 15 * MINUTE,
  /** A replaced image stays for this long, because its URLs may just have been handed out. */
  replacedGrace: DAY,
} as const;

/** Replaced versions of one avatar that stay for their grace period; with one more, the oldest is due at once. */
export const KEPT_REPLACED = 3;

/** How long work that failed waits: at least this, then as long as it has been failing, up to the longest pause. */
const SHORTEST_PAUSE = MINUTE;
export const LONGEST_PAUSE = 60 * MINUTE;

/** Milliseconds until the next try of something that has been failing since then. */
export function pauseAfter(failingSince: string, now: Date): number {
  return Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, now.getTime() - Date.parse(failingSince)));
}
