import { createHmac, timingSafeEqual } from 'node:crypto';

/** Each at least as hard to guess as 32 random bytes. */
export interface LinkKeys {
  /** What new links and cursors are signed with. */
  readonly signing: Uint8Array;
  /** What a signature may have been made with: the signing key, and the ones before and after it. */
  readonly accepted: readonly Uint8Array[];
}

/**
 * The port. Asked for at each request, so that a rotated secret is taken up without a restart: a key is accepted
 * everywhere before it signs anywhere, and for as long as links made with it live, if rotations are a week apart.
 * @throws DependencyUnavailableError if it has never been read and cannot be.
 */
export type LinkSecret = () => Promise<LinkKeys>;

/** What a signature is for. One made for one purpose is none for another. */
export type SignaturePurpose = 'content-link' | 'list-cursor';

/** What is signed: JSON, because lists with separators of their own can be read in two ways. */
export type SignedParts = readonly (string | null | SignedParts)[];

/** HMAC-SHA256 in base64url: 43 characters. */
export function sign({ signing }: LinkKeys, purpose: SignaturePurpose, parts: SignedParts): string {
  return signatureBy(signing, purpose, parts);
}

/** Whether one of the accepted keys made this signature for these parts. In constant time. */
export function isSigned(keys: LinkKeys, purpose: SignaturePurpose, parts: SignedParts, signature: string): boolean {
  const given = Buffer.from(signature);
  return keys.accepted.some((key) => {
    const expected = Buffer.from(signatureBy(key, purpose, parts));
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function signatureBy(key: Uint8Array, purpose: SignaturePurpose, parts: SignedParts): string {
  return createHmac('sha256', key)
    .update(JSON.stringify([purpose, ...parts]))
    .digest('base64url');
}
