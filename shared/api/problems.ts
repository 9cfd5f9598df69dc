import { AppError, type ErrorCode, InternalError, type RefusalDetails, RequestRefusedError } from '../errors.ts';
import { IMAGE_LIMITS } from '../images/image-limits.ts';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** What a person can do about it. */
  readonly remedy: string;
}

const unavailable = { status: 503, title: 'Temporarily unavailable', remedy: 'Try again in a moment.' } as const;
const internal = {
  status: 500,
  title: 'Internal error',
  remedy: 'Try again; if it stays, report the requestId to the operator.',
} as const;
const notFound = { status: 404, title: 'Not found', remedy: 'Check the address and who is signed in.' } as const;

/** The one table from codes to HTTP. Codes of rejected uploads are here too: their remedy is shown in the record. */
export const PROBLEMS = {
  malformed_json: { status: 400, title: 'Malformed JSON', remedy: 'Send a JSON document in UTF-8.' },
  malformed_body: {
    status: 400,
    title: 'Malformed body',
    remedy: 'Send a multipart form with one file, or the bytes.',
  },
  invalid_request: { status: 422, title: 'Invalid request', remedy: 'Send what the field accepts.' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type', remedy: 'Send an accepted Content-Type.' },
  unauthorized: { status: 401, title: 'Unauthorized', remedy: 'Sign in again.' },
  forbidden: { status: 403, title: 'Forbidden', remedy: 'Ask an administrator for the right.' },
  not_found: notFound,
  method_not_allowed: { status: 405, title: 'Method not allowed', remedy: 'Use a method listed in Allow.' },
  upload_finished: { status: 409, title: 'Upload finished', remedy: 'Ask for a new ticket.' },
  upload_in_progress: { status: 409, title: 'Upload in progress', remedy: 'Wait for the open upload, or abort it.' },
  agent_bound: { status: 409, title: 'Agent bound', remedy: 'The agent belongs to another organization.' },
  revision_differs: { status: 412, title: 'Changed meanwhile', remedy: 'Read it again, then repeat the change.' },
  metadata_kept: {
    status: 409,
    title: 'Metadata kept',
    remedy: 'Send an image again without keepMetadata to make it public. A video cannot be public.',
  },
  quota_exceeded: { status: 409, title: 'Quota exceeded', remedy: 'Delete files, or ask for a higher limit.' },
  too_many_open: {
    status: 429,
    title: 'Too many open uploads',
    remedy: 'Send the bytes of your open uploads, or abort them.',
  },
  organization_closed: { status: 403, title: 'Organization closed', remedy: 'Uploads are closed for it.' },
  uploads_paused: { status: 503, title: 'Uploads paused', remedy: 'Try again later.' },
  idempotency_key_reused: { status: 422, title: 'Idempotency-Key reused', remedy: 'Use a new key for a new request.' },
  checksum_not_supported: {
    status: 422,
    title: 'Checksum not supported',
    remedy: 'Use method PUT with checksumSha256, or leave it out.',
  },
  type_not_allowed: { status: 422, title: 'Type not allowed', remedy: 'Send a JPEG, PNG, WebP, GIF or AVIF picture.' },
  heic_unsupported: { status: 422, title: 'HEIC not supported', remedy: 'Convert the picture to JPEG first.' },
  svg_unsupported: { status: 422, title: 'SVG not supported', remedy: 'Send the picture as PNG or WebP.' },
  image_damaged: { status: 422, title: 'Damaged picture', remedy: 'Save the picture again and send that.' },
  image_too_complex: { status: 422, title: 'Image too complex', remedy: 'Save the image again as a plain JPEG.' },
  crop_outside_image: { status: 422, title: 'Crop outside the picture', remedy: 'Choose a square inside it.' },
  too_many_pixels: {
    status: 422,
    title: 'Too many pixels',
    remedy: `Scale the image down first: at most ${megapixels('jpegPixels')} as JPEG, ${megapixels('avifPixels')} as AVIF, ${megapixels('pixels')} in other formats.`,
  },
  metadata_too_large: {
    status: 422,
    title: 'Metadata too large',
    remedy: `Save the image with a colour profile of at most ${IMAGE_LIMITS.colourProfileBytes / 1024 ** 2} MiB, or in sRGB.`,
  },
  metadata_not_strippable: {
    status: 422,
    title: 'Metadata cannot be removed',
    remedy: 'Save an image again as a JPEG, or keep it from the public with keepMetadata. A video cannot be public.',
  },
  file_too_large: { status: 413, title: 'File too large', remedy: 'Send a smaller file.' },
  infected: { status: 422, title: 'Malicious content', remedy: 'Do not open the file; scan your device.' },
  content_disallowed: { status: 422, title: 'Content not allowed', remedy: 'Send another picture.' },
  processing_failed: {
    status: 422,
    title: 'Processing failed',
    remedy: 'Send the file again; if that fails too, save it again first.',
  },
  upload_lost: { status: 422, title: 'Upload lost', remedy: 'Send the picture again.' },
  upload_changed: { status: 422, title: 'Upload changed', remedy: 'Send the picture again, once.' },
  object_not_found: notFound,
  object_changed: unavailable,
  object_exists: unavailable,
  length_mismatch: internal,
  checksum_mismatch: internal,
  invalid_parts: {
    status: 422,
    title: 'Invalid parts',
    remedy: 'List the parts that arrived, send the others again, then complete.',
  },
  multipart_not_found: { status: 409, title: 'No upload in parts', remedy: 'Ask for a new ticket.' },
  invalid_key: internal,
  storage_denied: internal,
  dependency_unavailable: unavailable,
  invalid_configuration: internal,
  internal_error: internal,
} as const satisfies Record<ErrorCode, ProblemKind>;

/** An RFC 9457 document. `type` is a URN, because a code needs no page to be understood. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly requestId: string;
  readonly [member: string]: unknown;
}

/** What an error says to the client, with the headers that go with it. */
export function problemOf(
  error: unknown,
  requestId: string,
): { readonly document: ProblemDocument; readonly headers: Record<string, string> } {
  const known = error instanceof AppError ? error : new InternalError({ cause: error });
  const { status, title, remedy } = PROBLEMS[known.code];
  const details: RefusalDetails = known instanceof RequestRefusedError ? known.details : {};
  const { field, accepted, errors, extensions } = details;
  const document = {
    type: `urn:unified-file-storage:problem:${known.code}`,
    title,
    status,
    // What went wrong inside is for the log, not for the client.
    detail: status >= 500 && !(known instanceof RequestRefusedError) ? remedy : known.message,
    code: known.code,
    requestId,
    ...(field !== undefined && { field }),
    ...(accepted !== undefined && { accepted }),
    ...(errors !== undefined && errors.length > 1 && { errors }),
    ...extensions,
  };
  return { document, headers: headersOf(status, details) };
}

function headersOf(status: number, { retryAfterSeconds, allow }: RefusalDetails): Record<string, string> {
  const retryAfter = retryAfterSeconds ?? (status === 503 ? 5 : undefined);
  return {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
    ...(allow && { allow: allow.join(', ') }),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  };
}

function megapixels(limit: 'jpegPixels' | 'avifPixels' | 'pixels'): string {
  return `${Math.floor(IMAGE_LIMITS[limit] / 1_000_000)} megapixels`;
}
