import { isSigned, type LinkKeys, sign } from '../access/link-secret.ts';
import type { Visibility } from '../metadata/records.ts';
import { linkWindow, MAX_LINK_SECONDS, windowAt } from '../storage/link-window.ts';
import { encodeUrlPart } from '../storage/object-keys.ts';
import type { Disposition } from './content-headers.ts';

/** Which bytes of an attachment: the file, or the small picture of it. */
export type ContentVariant = 'content' | 'preview';

export interface ContentLinkInput {
  /** Where clients reach the API, with the base path and without a final slash. */
  readonly apiUrl: string;
  readonly keys: LinkKeys;
  readonly fileId: string;
  /** As its record says now. A link opens while it is this, so a change ends every one handed out. */
  readonly visibility: Visibility;
  readonly variant: ContentVariant;
  readonly disposition: Disposition;
  readonly now: Date;
  /** Above 0, at most MAX_LINK_SECONDS. @default - half an hour */
  readonly lifetimeSeconds?: number;
}

/**
 * An address of our own for the bytes of an attachment: it works without a token until `expiresAt`, at least for the
 * life asked for and less than an hour longer. The same inside one window, whoever makes it.
 * @throws RangeError for another life than may be asked for.
 */
export function contentLink(input: ContentLinkInput): { readonly url: string; readonly expiresAt: Date } {
  const { apiUrl, keys, fileId, variant, disposition, now, lifetimeSeconds } = input;
  if (lifetimeSeconds !== undefined && !(lifetimeSeconds > 0 && lifetimeSeconds <= MAX_LINK_SECONDS)) {
    throw new RangeError(`a link lives for 1 to ${MAX_LINK_SECONDS} seconds`);
  }
  const { expiresAt } = linkWindow(now, lifetimeSeconds);
  const exp = `${expiresAt.getTime() / 1000}`;
  const sig = sign(keys, 'content-link', partsOf(input, exp));
  const query = new URLSearchParams({ variant, exp, disp: disposition, sig });
  return { url: `${apiUrl}/public/attachments/${encodeUrlPart(fileId)}?${query}`, expiresAt };
}

/** A request for bytes, as it came: `exp` and `sig` may be anything. */
export interface ContentLinkRequest {
  readonly keys: LinkKeys;
  readonly fileId: string;
  /** As the record says now. */
  readonly visibility: Visibility;
  readonly variant: ContentVariant;
  readonly disposition: Disposition;
  readonly exp: string | undefined;
  readonly sig: string | undefined;
  readonly now: Date;
}

/** Whether this service made the link, for exactly this, and it still lives. */
export function isValidLink(request: ContentLinkRequest): boolean {
  const { keys, exp, sig, now } = request;
  if (exp === undefined || sig === undefined) return false;
  return isSigned(keys, 'content-link', partsOf(request, exp), sig) && now.getTime() < Number(exp) * 1000;
}

type LinkSubject = Pick<ContentLinkRequest, 'fileId' | 'visibility' | 'variant' | 'disposition'>;

function partsOf({ fileId, visibility, variant, disposition }: LinkSubject, exp: string): string[] {
  return [fileId, visibility, variant, disposition, exp];
}

/** How a request is answered with a redirect to the storage's own address. */
export interface ContentRedirect {
  /** For `getFileUrl`: the same through the whole window, so that the bytes behind it stay in the browser's cache. */
  readonly address: { readonly signedAt: Date; readonly expiresAt: Date; readonly responseCacheControl: string };
  /** Of the redirect itself. */
  readonly cacheControl: string;
}

/** What a client has to begin the download after it got an address, in the last second of a window too. */
const GRACE_MILLISECONDS = 60_000;

/**
 * The redirect at `now`: to a client with a valid link, or to anyone for a public file. A link keeps its redirect until
 * the window ends, which is never after the link. Without one, each view asks again: no signature ends with the
 * visibility then.
 */
export function contentRedirect(now: Date, by: 'link' | 'public'): ContentRedirect {
  const { startsAt, endsAt } = windowAt(now);
  const untilEnd = (from: Date) => `private, max-age=${Math.floor((endsAt.getTime() - from.getTime()) / 1000)}`;
  return {
    address: {
      signedAt: startsAt,
      expiresAt: new Date(endsAt.getTime() + GRACE_MILLISECONDS),
      responseCacheControl: untilEnd(startsAt),
    },
    cacheControl: by === 'link' ? untilEnd(now) : 'no-cache',
  };
}
