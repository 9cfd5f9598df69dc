/**
 * Every code the product answers with or records. A code is a promise: clients branch on it, so it is never
 * renamed. Only shared/api/problems.ts knows which HTTP status and words belong to it.
 */

/** Why an upload was rejected. Terminal: but for `processing_failed`, sending the same bytes again ends the same way. */
export const REJECTION_CODES = [
  'type_not_allowed',
  'heic_unsupported',
  'svg_unsupported',
  'image_damaged',
  'image_too_complex',
  'crop_outside_image',
  'too_many_pixels',
  'metadata_too_large',
  'metadata_not_strippable',
  'infected',
  'content_disallowed',
  'processing_failed',
  'upload_lost',
  'upload_changed',
] as const;
export type RejectionCode = (typeof REJECTION_CODES)[number];

/** Why a request was refused before anything was written. */
const REQUEST_CODES = [
  'malformed_json',
  'malformed_body',
  'invalid_request',
  'invalid_parts',
  'unsupported_media_type',
  'unauthorized',
  'forbidden',
  'not_found',
  'method_not_allowed',
  'upload_finished',
  'upload_in_progress',
  'agent_bound',
  'revision_differs',
  'metadata_kept',
  'quota_exceeded',
  'too_many_open',
  'organization_closed',
  'uploads_paused',
  'idempotency_key_reused',
  'checksum_not_supported',
  'file_too_large',
] as const;
export type RequestCode = (typeof REQUEST_CODES)[number];

/** What storage and metadata report. Callers decide by class or code, never by message. */
export type DependencyCode =
  | 'object_not_found'
  | 'object_changed'
  | 'object_exists'
  | 'length_mismatch'
  | 'checksum_mismatch'
  | 'multipart_not_found'
  | 'invalid_key'
  | 'storage_denied'
  | 'dependency_unavailable';

export type ErrorCode = RejectionCode | RequestCode | DependencyCode | 'invalid_configuration' | 'internal_error';

/** The base of every error thrown on purpose. */
export abstract class AppError extends Error {
  abstract readonly code: ErrorCode;
  /** Whether the same call may succeed later although the caller changes nothing. */
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export interface RefusalDetails {
  /** The name of the refused input, as a path: `crop.size`. */
  readonly field?: string;
  /** What would have been accepted, in words. */
  readonly accepted?: string;
  /** All refused fields, when there are several. */
  readonly errors?: readonly { readonly field: string; readonly accepted: string }[];
  /** Members added to the problem document as they are. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Seconds after which a retry makes sense (RFC 9110, 10.2.3). */
  readonly retryAfterSeconds?: number;
  /** Methods the resource knows (RFC 9110, 10.2.1). */
  readonly allow?: readonly string[];
}

/** A request that is refused as it stands. Nothing has been written. */
export class RequestRefusedError extends AppError {
  readonly code: RequestCode | RejectionCode;
  readonly details: RefusalDetails;

  constructor(code: RequestCode | RejectionCode, message: string, details: RefusalDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** The bytes of an upload are not acceptable; the upload ends `rejected` with this code. */
export class ContentRejectedError extends AppError {
  readonly code: RejectionCode;

  constructor(code: RejectionCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** No object stands at the key. Distinct from being denied: see StorageDeniedError. */
export class ObjectNotFoundError extends AppError {
  readonly code = 'object_not_found';

  constructor(key: string, options?: ErrorOptions) {
    super(`no object at "${key}"`, options);
  }
}

/** `ifMatch` no longer holds: the object was replaced or removed since it was read. Nothing was written. */
export class ObjectChangedError extends AppError {
  readonly code = 'object_changed';

  constructor(key: string, options?: ErrorOptions) {
    super(`object "${key}" changed since it was read; read it again before writing`, options);
  }
}

/** `ifNoneMatch: '*'` does not hold: an object stands at the key already. Nothing was written. */
export class ObjectExistsError extends AppError {
  readonly code = 'object_exists';

  constructor(key: string, options?: ErrorOptions) {
    super(`an object stands at "${key}" already`, options);
  }
}

/** The body has more or fewer bytes than it was declared to have. Nothing was written. */
export class LengthMismatchError extends AppError {
  readonly code = 'length_mismatch';

  constructor(key: string, expected: number, options?: ErrorOptions) {
    super(`the body for "${key}" does not have the declared ${expected} bytes`, options);
  }
}

/** The SHA-256 of the body is not the declared one. Nothing was written. */
export class ChecksumMismatchError extends AppError {
  readonly code = 'checksum_mismatch';

  constructor(key: string, options?: ErrorOptions) {
    super(`the body for "${key}" does not have the declared SHA-256`, options);
  }
}

/** The parts named do not make the declared object. Nothing was written, and the upload goes on. */
export class InvalidPartsError extends AppError {
  readonly code = 'invalid_parts';
  /** The first part that is wrong; undefined if each of them is right but not all together. */
  readonly partNumber: number | undefined;

  constructor(reason: string, options: ErrorOptions & { readonly partNumber?: number } = {}) {
    super(options.partNumber === undefined ? reason : `part ${options.partNumber} ${reason}`, options);
    this.partNumber = options.partNumber;
  }
}

/** No upload in parts goes on under that id: it never began, was aborted or completed. */
export class MultipartNotFoundError extends AppError {
  readonly code = 'multipart_not_found';

  constructor(key: string, options?: ErrorOptions) {
    super(`no upload of "${key}" in parts goes on under this id`, options);
  }
}

/** A string that cannot be an object key. A defect of the caller: keys are made by object-keys.ts. */
export class InvalidKeyError extends AppError {
  readonly code = 'invalid_key';

  constructor(key: string, reason: string) {
    super(`"${key}" is not an object key: ${reason}`);
  }
}

/** The storage refused this identity. Not the same as absent, and no retry helps. */
export class StorageDeniedError extends AppError {
  readonly code = 'storage_denied';
}

/** Storage, metadata or a queue did not answer in time or asked to slow down. A retry can help. */
export class DependencyUnavailableError extends AppError {
  readonly code = 'dependency_unavailable';
  override readonly retryable = true;
}

/** A setting is wrong; the message names the variable and what it accepts. */
export class InvalidConfigurationError extends AppError {
  readonly code = 'invalid_configuration';
}

/** A defect or a fault nobody foresaw; `cause` is what was thrown. */
export class InternalError extends AppError {
  readonly code = 'internal_error';

  constructor(options?: ErrorOptions) {
    super('an unexpected error', options);
  }
}
