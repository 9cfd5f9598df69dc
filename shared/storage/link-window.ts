/** Signed addresses change at the turn of a window only, so that browsers keep what they loaded by them. */
const WINDOW_SECONDS = 30 * 60;
const WINDOW_MILLISECONDS = WINDOW_SECONDS * 1000;

/** The longest life that a link may be asked for, as a presigned URL's is. The rounding comes on top. */
export const MAX_LINK_SECONDS = 7 * 24 * 3600;

/** The window that `now` is in: half an hour, the same for every process. `endsAt` is the first moment after it. */
export function windowAt(now: Date): { readonly startsAt: Date; readonly endsAt: Date } {
  const start = Math.floor(now.getTime() / WINDOW_MILLISECONDS) * WINDOW_MILLISECONDS;
  return { startsAt: new Date(start), endsAt: new Date(start + WINDOW_MILLISECONDS) };
}

/**
 * When an address that is handed out at `now` counts as signed and when it ends: the same for everyone inside one
 * window, and good for at least `lifetimeSeconds`, at most two windows more.
 */
export function linkWindow(
  now: Date,
  lifetimeSeconds = WINDOW_SECONDS,
): { readonly signedAt: Date; readonly expiresAt: Date } {
  const { startsAt, endsAt } = windowAt(now);
  const windows = Math.ceil(lifetimeSeconds / WINDOW_SECONDS);
  return { signedAt: startsAt, expiresAt: new Date(endsAt.getTime() + windows * WINDOW_MILLISECONDS) };
}
