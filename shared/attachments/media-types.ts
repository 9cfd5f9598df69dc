/** Whether a media type is among those that are accepted: `image/png`, `image/*`, `*`. Case does not matter (RFC 6838, 4.2). */
export function isAcceptedType(contentType: string, accepted: readonly string[]): boolean {
  const type = contentType.toLowerCase();
  return accepted.some((pattern) => {
    const lower = pattern.toLowerCase();
    return lower === '*' || lower === type || (lower.endsWith('/*') && type.startsWith(lower.slice(0, -1)));
  });
}

const UNKNOWN = 'application/octet-stream';

/** What the first bytes leave open: a container or a text, of which the client may know more. */
const VAGUE: ReadonlySet<string> = new Set([
  UNKNOWN,
  'text/plain',
  'application/zip',
  'application/x-cfb',
  'application/xml',
]);

/**
 * The type that an attachment is known by: what its bytes are, or where they do not say, what the client called it.
 * Pictures, sound and video are never taken on trust, because their bytes do say.
 */
export function knownType(sniffed: string, declared: string): string {
  if (!VAGUE.has(sniffed)) return sniffed;
  return /^(image|audio|video)\//i.test(declared) ? sniffed : declared.toLowerCase();
}
