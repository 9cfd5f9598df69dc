import {
  AppError,
  ChecksumMismatchError,
  DependencyUnavailableError,
  InvalidKeyError,
  InvalidPartsError,
  LengthMismatchError,
  MultipartNotFoundError,
  ObjectChangedError,
  ObjectExistsError,
  ObjectNotFoundError,
  StorageDeniedError,
} from '../../errors.ts';

/** What was asked of S3 when it failed. */
export interface FailedRequest {
  readonly key: string;
  /** The conditions that were sent on the object at `key`. */
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  /** Set for a write: that nothing stands at the key can then only be a failed `ifMatch`. */
  readonly contentLength?: number;
  /** Set for a request about an upload in parts that a client sends. */
  readonly multipartId?: string;
}

/** Sends, and gives failures the names of the port. */
export async function mapErrors<T>(request: FailedRequest, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    throw s3ErrorOf(error, request);
  }
}

/**
 * What a failure of S3 means to the callers of the port, by S3's code and else by the status: a HEAD has no body to
 * carry a code. Everything else, such as a defect of ours, passes unchanged.
 * Source: "Error responses" and "Conditional requests" in the S3 guide.
 */
export function s3ErrorOf(error: unknown, request: FailedRequest): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const status = statusOf(error);
  const meaning = BY_CODE[error.name] ?? (status === undefined ? lostOnTheWay(error) : meaningOf(status));
  return meaning?.(request, { cause: error }) ?? error;
}

/** Another write or deletion of the key was under way: a 409 that S3 asks to send again. */
export function isConflict(error: unknown): boolean {
  return error instanceof Error && statusOf(error) === 409;
}

/** Something stands where nothing was to be. */
export function isPreconditionFailed(error: unknown): boolean {
  return error instanceof Error && statusOf(error) === 412;
}

type Meaning = (request: FailedRequest, options: { readonly cause: Error }) => Error;

const absent: Meaning = ({ key, ifMatch, contentLength }, options) =>
  ifMatch !== undefined && contentLength !== undefined
    ? new ObjectChangedError(key, options)
    : new ObjectNotFoundError(key, options);

const conditionFailed: Meaning = ({ key, ifNoneMatch }, options) =>
  ifNoneMatch === undefined ? new ObjectChangedError(key, options) : new ObjectExistsError(key, options);

const wrongLength: Meaning = ({ key, contentLength = 0 }, options) =>
  new LengthMismatchError(key, contentLength, options);

const outOfRange: Meaning = ({ key }, options) => new RangeError(`"${key}" has no bytes in this range`, options);

const denied: Meaning = ({ key }, options) =>
  new StorageDeniedError(`S3 refused access to "${key}": ${options.cause.name}`, options);

const unavailable: Meaning = ({ key }, options) =>
  new DependencyUnavailableError(`S3 did not take or give "${key}": ${options.cause.name}`, options);

/** Of our own copies in parts: aborted, or completed by a try whose answer was lost. */
const noUpload: Meaning = (request, options) =>
  request.multipartId === undefined ? unavailable(request, options) : new MultipartNotFoundError(request.key, options);

/** The parts were listed just before, so one was sent again in between. */
const partReplaced: Meaning = (_, options) => new InvalidPartsError('a part was replaced meanwhile', options);

const BY_CODE: Readonly<Record<string, Meaning>> = {
  NoSuchBucket: (_, options) => new StorageDeniedError('the bucket does not exist', options),
  PermanentRedirect: (_, options) => new StorageDeniedError('the bucket is in another region', options),
  KeyTooLongError: ({ key }) => new InvalidKeyError(key, 'longer than S3 takes'),
  BadDigest: ({ key }, options) => new ChecksumMismatchError(key, options),
  IncompleteBody: wrongLength,
  // 400s and 403s that end by themselves: new credentials are on their way, clocks are set, the network is slow.
  ExpiredToken: unavailable,
  TokenRefreshRequired: unavailable,
  RequestTimeTooSkewed: unavailable,
  RequestTimeout: unavailable,
  XAmzContentSHA256Mismatch: unavailable, // bytes were damaged on the way: the client computed this sum itself
  CredentialsProviderError: unavailable,
  NoSuchUpload: noUpload,
  InvalidPart: partReplaced,
  EntityTooSmall: partReplaced,
};

function meaningOf(status: number): Meaning | undefined {
  if (status === 403) return denied;
  if (status === 404) return absent;
  if (status === 412) return conditionFailed;
  if (status === 416) return outOfRange;
  // A success that is an error all the same: its document broke off, or says so.
  return status === 409 || status === 429 || status >= 500 || status < 300 ? unavailable : undefined;
}

/** No answer: a timeout, or what the socket said (`ECONNRESET`). */
function lostOnTheWay(error: Error): Meaning | undefined {
  const code = 'code' in error ? String(error.code) : '';
  const isLost =
    error.name === 'TimeoutError' || /^E(?!RR_)[A-Z_]+$/.test(code) || code === 'ERR_STREAM_PREMATURE_CLOSE';
  return isLost ? unavailable : undefined;
}

function statusOf(error: Error & { readonly $metadata?: { readonly httpStatusCode?: number } }): number | undefined {
  return error.$metadata?.httpStatusCode;
}
