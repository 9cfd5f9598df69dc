import { partition } from '@aws-sdk/core/client';
import { S3RequestPresigner, type S3RequestPresignerOptions } from '@aws-sdk/s3-request-presigner';
import { DependencyUnavailableError, StorageDeniedError } from '../../errors.ts';
import { requirePart } from '../multipart-parts.ts';
import type { SignPartInput } from '../multipart-uploads.ts';
import { encodeKey, encodeUrlPart } from '../object-keys.ts';
import type { FileUrlSource, PublicUrlInput, SignedUrlInput, StorageTicket, UploadGrant } from '../storage-backend.ts';
import { s3ErrorOf } from './s3-errors.ts';

/** Where the bucket is and who asks. */
export interface S3Options {
  readonly bucket: string;
  readonly region: string;
  /** Another S3 than Amazon's, such as `http://127.0.0.1:8333`; addressed in path style. @default - Amazon S3 */
  readonly endpoint?: string;
  /** The CDN's domain (CLOUDFRONT_DOMAIN). @default - no public addresses */
  readonly publicDomain?: string;
  /** Any client's `config.credentials`. With temporary ones an address ends with them, however late its `expiresAt`. */
  readonly credentials: S3RequestPresignerOptions['credentials'];
  /** Any client's `config.sha256`. */
  readonly sha256: S3RequestPresignerOptions['sha256'];
  readonly clock: () => Date;
}

/**
 * `getFileUrl`: @throws RangeError unless the address works for 1 second to 7 days.
 * `checkReady`: @throws StorageDeniedError for no access or no bucket, DependencyUnavailableError for any other answer.
 */
export interface S3UrlSigner extends FileUrlSource {
  signUpload(grant: Omit<UploadGrant, 'method'>): Promise<StorageTicket>;
  signPart(input: SignPartInput): Promise<{ readonly url: string }>;
}

/** The longest that Signature Version 4 lets an address work. */
const MAX_LIFETIME_SECONDS = 7 * 24 * 3600;
const READY_TIMEOUT_MILLISECONDS = 3000;

/**
 * Signs S3 addresses by query parameters (Signature Version 4) without the S3 client, whose evaluation would double the
 * start of a small function. One that only hands out addresses needs nothing else.
 */
export function createS3UrlSigner(options: S3Options): S3UrlSigner {
  const { bucket, region, publicDomain, credentials, sha256, clock } = options;
  const address = addressOf(options);
  const presigner = new S3RequestPresigner({ region, credentials, sha256 });

  async function presign({ method, path, query = {}, headers = {}, signedAt, expiresAt }: AddressToSign) {
    const expiresIn = seconds(expiresAt) - seconds(signedAt);
    if (!(expiresIn >= 1 && expiresIn <= MAX_LIFETIME_SECONDS)) {
      throw new RangeError('an address works for 1 second to 7 days');
    }
    const { protocol, hostname, host, port } = address;
    const location = { protocol, hostname, ...(port !== '' && { port: Number(port) }), path: address.pathname + path };
    const names = Object.keys(headers);
    const signed = await presigner
      .presign(
        { method, ...location, query, headers: { host, ...headers } },
        // By itself it would leave content-type out, and move the checksum into the address, where S3 does not look.
        { signingDate: signedAt, expiresIn, signableHeaders: new Set(names), unhoistableHeaders: new Set(names) },
      )
      .catch((error: unknown) => {
        throw s3ErrorOf(error, { key: path });
      });
    const pairs = Object.entries(signed.query ?? {}).map(
      ([name, value]) => `${encodeUrlPart(name)}=${encodeUrlPart(`${value}`)}`,
    );
    return `${address.origin}${signed.path}?${pairs.join('&')}`;
  }

  function getFileUrl(input: PublicUrlInput): Promise<string | undefined>;
  function getFileUrl(input: SignedUrlInput): Promise<string>;
  async function getFileUrl(input: PublicUrlInput | SignedUrlInput): Promise<string | undefined> {
    const path = encodeKey(input.key);
    if (input.access === 'public') {
      return publicDomain === undefined
        ? undefined
        : `https://${publicDomain}/${path}?v=${encodeUrlPart(input.version)}`;
    }
    const { signedAt, expiresAt } = input;
    return presign({ method: 'GET', path, query: overridesOf(input), signedAt, expiresAt });
  }

  return {
    async signUpload({ key, contentType, contentLength, checksumSha256, expiresAt }) {
      const headers = {
        'content-type': contentType,
        'if-none-match': '*',
        ...(checksumSha256 !== undefined && { 'x-amz-checksum-sha256': checksumSha256 }),
      };
      const signedHeaders = { ...headers, 'content-length': `${contentLength}` }; // which a browser sets by itself
      const path = encodeKey(key);
      const url = await presign({ method: 'PUT', path, headers: signedHeaders, signedAt: clock(), expiresAt });
      return { method: 'PUT', url, headers };
    },

    async signPart({ key, multipartId, partNumber, contentLength, expiresAt }) {
      requirePart({ partNumber, contentLength });
      const query = { partNumber: `${partNumber}`, uploadId: multipartId };
      const headers = { 'content-length': `${contentLength}` };
      return {
        url: await presign({ method: 'PUT', path: encodeKey(key), query, headers, signedAt: clock(), expiresAt }),
      };
    },

    getFileUrl,

    async checkReady() {
      const signedAt = clock();
      const url = await presign({
        method: 'HEAD',
        path: '',
        signedAt,
        expiresAt: new Date(signedAt.getTime() + 60_000),
      });
      const signal = AbortSignal.timeout(READY_TIMEOUT_MILLISECONDS);
      const answer = await fetch(url, { method: 'HEAD', redirect: 'manual', signal }).catch((cause: unknown) => {
        throw new DependencyUnavailableError('S3 cannot be reached', { cause });
      });
      if (answer.status === 403) throw new StorageDeniedError(`no access to the bucket "${bucket}"`);
      if (answer.status === 404) throw new StorageDeniedError(`the bucket "${bucket}" does not exist`);
      if (answer.status !== 200) throw new DependencyUnavailableError(`S3 answered ${answer.status}`);
    },
  };
}

/** Query parameters of GetObject; S3 looks past one that it does not know, such as `v`, which keeps versions apart. */
function overridesOf(input: SignedUrlInput): Record<string, string> {
  const overrides = {
    v: input.version,
    'response-content-type': input.responseContentType,
    'response-content-disposition': input.responseContentDisposition,
    'response-cache-control': input.responseCacheControl,
  };
  const given = Object.entries(overrides).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return Object.fromEntries(given);
}

interface AddressToSign {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  /** Below the bucket, encoded. */
  readonly path: string;
  readonly query?: Record<string, string>;
  /** What the client must send; names in lower case. */
  readonly headers?: Record<string, string>;
  readonly signedAt: Date;
  readonly expiresAt: Date;
}

/** The bucket's own address, with a final slash. */
function addressOf({ bucket, region, endpoint }: S3Options): URL {
  if (endpoint !== undefined) return new URL(`${endpoint.replace(/\/$/, '')}/${bucket}/`);
  const host = `s3.${region}.${partition(region).dnsSuffix}`;
  // S3's certificate covers one label before its name, so a bucket with dots in its name goes into the path.
  return new URL(bucket.includes('.') ? `https://${host}/${bucket}/` : `https://${bucket}.${host}/`);
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
