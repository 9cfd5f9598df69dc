import { create } from 'content-disposition';
import { cleanFilename } from './clean-filename.ts';

/** Whether a browser saves the bytes or shows them in its window (RFC 6266, 4.2). */
export type Disposition = 'attachment' | 'inline';

export interface ContentHeadersInput {
  /** The media type on record, parameters and all. */
  readonly contentType: string;
  readonly filename: string;
  /** What the reader wishes; only pictures and PDF can be shown. */
  readonly disposition: Disposition;
}

export interface ContentHeaders {
  readonly contentType: string;
  /** Printable ASCII. */
  readonly contentDisposition: string;
}

/**
 * The headers that the bytes of an attachment are served with (OWASP ASVS 5, V5.4). S3 adds neither nosniff nor a
 * content security policy of ours, so these two must do: nothing that a browser could run keeps its type or is shown.
 */
export function contentHeaders({ contentType, filename, disposition }: ContentHeadersInput): ContentHeaders {
  const served = servedType(contentType);
  const type = disposition === 'inline' && SHOWN.has(served) ? 'inline' : 'attachment';
  const name = cleanFilename(filename);
  return { contentType: served, contentDisposition: create(name, { type, fallback: asciiName(name) }) };
}

/** What has only pixels, and what browsers open in a viewer without the rights of a page. */
const SHOWN: ReadonlySet<string> = new Set([
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/gif',
  'image/avif',
  'application/pdf',
]);

/** RFC 6838, 4.2, and what comes after it: parameters or nothing. A list of two types is none. */
const MEDIA_TYPE = /^\s*(?<essence>[a-z0-9][\w!#$&^.+-]{0,126}\/[a-z0-9][\w!#$&^.+-]{0,126})\s*(?:;|$)/i;

/**
 * Parts of the names of what a browser or a plug-in runs: pages and everything made of XML, scripts, Flash and its like,
 * PostScript, mails and archives of pages. In each way it is written: `image/svg+xml`, `text/x-html`, `text/javascript1.5`.
 */
const ACTIVE_PARTS: ReadonlySet<string> = new Set([
  ...['html', 'xhtml', 'xml', 'svg', 'xsl', 'xslt', 'mathml', 'xul', 'manifest'],
  ...['javascript', 'ecmascript', 'jscript', 'livescript', 'vbscript', 'scriptlet', 'component', 'hta', 'xbap'],
  ...['shockwave', 'flash', 'swf', 'futuresplash', 'silverlight', 'applet', 'jnlp'],
  ...['postscript', 'eps', 'ps', 'multipart', 'rfc', 'mhtml', 'mimearchive', 'webbundle', 'exchange'],
]);

const UNKNOWN_TYPE = 'application/octet-stream';

function servedType(contentType: string): string {
  const essence = MEDIA_TYPE.exec(contentType)?.groups?.essence?.toLowerCase() ?? UNKNOWN_TYPE;
  const parts = essence.split(/[/.+-]/).map((part) => part.replace(/\d+$/, ''));
  return parts.some((part) => ACTIVE_PARTS.has(part)) ? UNKNOWN_TYPE : essence;
}

/**
 * The name for clients that know no `filename*`: letters lose their accents, the rest becomes `_`, and so do quotes,
 * backslashes and percent signs, which are read in more than one way (RFC 6266, appendix D).
 */
function asciiName(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/(?:[^\x20-\x7e]|["%\\])+/gu, '_');
}
