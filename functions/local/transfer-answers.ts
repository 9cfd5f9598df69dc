import { randomUUID } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { AppError } from '../../shared/errors.ts';
import { discardBody } from './request-body.ts';

/** The status of every error code, as S3 answers it (Amazon S3 API Reference, Error Responses). */
const STATUSES = {
  AccessDenied: 403,
  AccessForbidden: 403,
  BadDigest: 400,
  BadRequest: 400,
  EntityTooLarge: 400,
  EntityTooSmall: 400,
  InternalError: 500,
  InvalidArgument: 400,
  InvalidRange: 416,
  InvalidURI: 400,
  MalformedPOSTRequest: 400,
  MaxPostPreDataLengthExceeded: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  PreconditionFailed: 412,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
} as const;
export type TransferErrorCode = keyof typeof STATUSES;

/** A transfer that is refused. The message goes to the client. */
export class TransferError extends Error {
  readonly code: TransferErrorCode;
  readonly headers: OutgoingHttpHeaders;

  constructor(code: TransferErrorCode, message: string, headers: OutgoingHttpHeaders = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
  }
}

/** The refusal that an error of the storage amounts to; InternalError for what nobody foresaw. */
export function transferErrorOf(error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  switch (error instanceof AppError && error.code) {
    case 'object_not_found':
      return new TransferError('NoSuchKey', 'The specified key does not exist.');
    case 'multipart_not_found':
      return new TransferError(
        'NoSuchUpload',
        'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      );
    case 'object_exists':
    case 'object_changed':
      return preconditionFailed();
    case 'checksum_mismatch':
      return new TransferError('BadDigest', 'The SHA256 you specified did not match what we received.');
    case 'dependency_unavailable':
      return new TransferError('ServiceUnavailable', 'Please try again.');
    default:
      return new TransferError('InternalError', 'We encountered an internal error. Please try again.');
  }
}

export function preconditionFailed(): TransferError {
  return new TransferError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
}

/** S3's error document. HEAD has none. */
export async function sendError(request: IncomingMessage, response: ServerResponse, error: TransferError) {
  const requestId = randomUUID();
  const details = `<Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message>`;
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${details}<RequestId>${requestId}</RequestId></Error>`;
  response.writeHead(STATUSES[error.code], {
    ...error.headers,
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body),
    'x-amz-request-id': requestId,
    ...(!request.complete && { connection: 'close' }),
  });
  if (request.method !== 'HEAD') response.write(body);
  await discardBody(request);
  response.end();
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
