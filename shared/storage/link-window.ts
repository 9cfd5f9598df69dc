/** Signed addresses change at the turn of a window only, so that browsers keep what they loaded by them. */
const WINDOW_MILLISECONDS = 30 * 60_000;

/**
 * When an address that is handed out at `now` counts as signed and when it ends: the same for everyone inside one
 * window of 30 minutes, and good for 30 to 60 minutes more.
 */
export function linkWindow(now: Date): { readonly signedAt: Date; readonly expiresAt: Date } {
  const start = Math.floor(now.getTime() / WINDOW_MILLISECONDS) * WINDOW_MILLISECONDS;
  return { signedAt: new Date(start), expiresAt: new Date(start + 2 * WINDOW_MILLISECONDS) };
}
