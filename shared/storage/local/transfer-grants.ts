import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SignPartInput } from '../multipart-uploads.ts';
import type { SignedUrlInput, StorageTicket, UploadGrant } from '../storage-backend.ts';

/**
 * Addresses and forms that work without a token, and their check. Made like S3's: what a client must send unchanged is
 * part of the signature and not repeated in the address, so any other header gives another signature.
 */

/** Who signs: the public base URL of the transfer routes, and the key of the HMAC. */
export interface Signer {
  readonly baseUrl: string;
  readonly secret: Uint8Array;
}

/** The path before every key, and the address that forms are sent to. */
export const TRANSFER_PATH = '/storage';

/** S3's limit for signed addresses. */
const MAX_LIFETIME_MILLISECONDS = 7 * 24 * 3_600_000;

/** @throws RangeError for an address that would work longer than 7 days. */
export function signedDownloadUrl(signer: Signer, input: SignedUrlInput): string {
  const { key, signedAt, expiresAt } = input;
  if (expiresAt.getTime() - signedAt.getTime() > MAX_LIFETIME_MILLISECONDS) throw new RangeError('at most 7 days');
  const overrides = {
    v: input.version,
    'response-content-type': input.responseContentType,
    'response-content-disposition': input.responseContentDisposition,
    'response-cache-control': input.responseCacheControl,
  };
  const given = Object.entries(overrides).filter((override): override is [string, string] => override[1] !== undefined);
  return signedUrl(signer, { method: 'GET', key, query: [['signed', seconds(signedAt)], ...given], expiresAt });
}

export function signedUploadUrl(signer: Signer, grant: UploadGrant): StorageTicket {
  const { key, contentType, contentLength, checksumSha256, expiresAt } = grant;
  const headers: Record<string, string> = {
    'content-type': contentType,
    'if-none-match': '*',
    ...(checksumSha256 !== undefined && { 'x-amz-checksum-sha256': checksumSha256 }),
  };
  const signedHeaders = { ...headers, 'content-length': `${contentLength}` };
  const url = signedUrl(signer, { method: 'PUT', key, query: [], headers: signedHeaders, expiresAt });
  return { method: 'PUT', url, headers };
}

/** For the PUT of one part; number and upload are in the query, under S3's names. */
export function signedPartUrl(signer: Signer, input: SignPartInput): string {
  const { key, multipartId, partNumber, contentLength, expiresAt } = input;
  const query: [string, string][] = [
    ['partNumber', `${partNumber}`],
    ['uploadId', multipartId],
  ];
  return signedUrl(signer, { method: 'PUT', key, query, headers: { 'content-length': `${contentLength}` }, expiresAt });
}

/** What a form may hold, as S3 writes it in a POST policy. */
export interface PostPolicy {
  readonly expiration: string;
  readonly conditions: readonly [
    readonly ['eq', '$key', string],
    readonly ['eq', '$Content-Type', string],
    readonly ['content-length-range', number, number],
  ];
}

export function signedForm({ baseUrl, secret }: Signer, grant: UploadGrant): StorageTicket {
  const { key, contentType, contentLength, checksumSha256, expiresAt } = grant;
  if (checksumSha256 !== undefined) throw new TypeError('a form cannot promise a checksum');
  const document: PostPolicy = {
    expiration: expiresAt.toISOString(),
    conditions: [
      ['eq', '$key', key],
      ['eq', '$Content-Type', contentType],
      ['content-length-range', contentLength, contentLength],
    ],
  };
  const policy = Buffer.from(JSON.stringify(document)).toString('base64');
  const signature = hmac(secret, ['POST', policy]);
  const fields = { key, 'Content-Type': contentType, policy, 'x-amz-signature': signature };
  return { method: 'POST', url: `${baseUrl}${TRANSFER_PATH}`, fields };
}

/** A request as it arrived. Header names are lower-case. */
export interface TransferRequest {
  readonly method: 'GET' | 'PUT';
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export type GrantVerdict = 'granted' | 'unsigned' | 'unsigned_headers' | 'tampered' | 'expired';

/** Whether the request is, in every signed part, the one that was granted. */
export function verifyRequest(secret: Uint8Array, request: TransferRequest, now: Date): GrantVerdict {
  const { query, headers } = request;
  const signature = query.get('signature');
  if (signature === null) return 'unsigned';
  const signedNames = query.get('signed-headers')?.split(';') ?? [];
  // What the storage would act on must be signed, or a client could choose it. S3 refuses the whole family.
  if (Object.keys(headers).some((name) => name.startsWith('x-amz-') && !signedNames.includes(name))) {
    return 'unsigned_headers';
  }
  const pairs = [...query].filter(([name]) => name !== 'signature');
  const values = signedNames.map((name) => [name, headers[name] ?? null]);
  if (!isEqual(signature, hmac(secret, [request.method, request.key, pairs, values]))) return 'tampered';
  return now.getTime() > Number(query.get('expires')) * 1000 ? 'expired' : 'granted';
}

/** The policy of a form; undefined if this server did not sign it. Whether it has expired is not looked at. */
export function verifyPolicy(secret: Uint8Array, policy: string, signature: string): PostPolicy | undefined {
  if (!isEqual(signature, hmac(secret, ['POST', policy]))) return undefined;
  return JSON.parse(Buffer.from(policy, 'base64').toString());
}

interface Grant {
  readonly method: 'GET' | 'PUT';
  readonly key: string;
  readonly query: readonly [string, string][];
  readonly headers?: Readonly<Record<string, string>>;
  readonly expiresAt: Date;
}

function signedUrl({ baseUrl, secret }: Signer, { method, key, query, headers = {}, expiresAt }: Grant): string {
  const names = Object.keys(headers).sort();
  const pairs: [string, string][] = [...query, ['expires', seconds(expiresAt)]];
  if (names.length > 0) pairs.push(['signed-headers', names.join(';')]);
  const values = names.map((name) => [name, headers[name]]);
  const signature = hmac(secret, [method, key, pairs, values]);
  const path = key.split('/').map(encodeURIComponent).join('/');
  const search = new URLSearchParams([...pairs, ['signature', signature]]);
  return `${baseUrl}${TRANSFER_PATH}/${path}?${search}`;
}

function seconds(date: Date): string {
  return `${Math.floor(date.getTime() / 1000)}`;
}

/** JSON, because lists with separators of their own can be read in two ways. */
function hmac(secret: Uint8Array, parts: readonly unknown[]): string {
  return createHmac('sha256', secret).update(JSON.stringify(parts)).digest('base64url');
}

/** In constant time; the length of a signature is no secret. */
function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
