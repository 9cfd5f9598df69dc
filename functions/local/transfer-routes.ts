import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../../shared/dependencies.ts';
import { errnoOf } from '../../shared/storage/local/disk-errors.ts';
import { TRANSFER_PATH, verifyRequest } from '../../shared/storage/local/transfer-grants.ts';
import { type StorageKey, storageKeyOf } from '../../shared/storage/object-keys.ts';
import { sendError, TransferError, transferErrorOf } from './transfer-answers.ts';
import { sendObject } from './transfer-download.ts';
import { receiveForm } from './transfer-form.ts';
import { contentLengthOf, receiveUpload, type StorageOfParts } from './transfer-upload.ts';

export interface TransferDependencies {
  readonly storage: StorageOfParts;
  /** The one that `storage` signs with. */
  readonly secret: Uint8Array;
  readonly now: () => Date;
  readonly log: Pick<Log, 'error'>;
}

/** Answers the request and resolves to true, or leaves it alone and resolves to false: not a transfer. */
export type TransferRoutes = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/**
 * The part of S3 that clients of local mode meet: signed PUT (of objects and of their parts), GET and HEAD of
 * `/storage/{key}`, POST forms to `/storage`, and the preflights of browsers. Statuses and error codes are S3's, so a
 * client that copes with one copes with the other. HEAD works with an address that was signed for GET; S3 signs each
 * apart.
 */
export function createTransferRoutes(dependencies: TransferDependencies): TransferRoutes {
  return async (request, response) => {
    const [path = '', search = ''] = (request.url ?? '').split(/\?(.*)/s);
    if (path !== TRANSFER_PATH && !path.startsWith(`${TRANSFER_PATH}/`)) return false;
    for (const [name, value] of Object.entries(ALWAYS)) response.setHeader(name, value);
    try {
      await answer(dependencies, { request, response, path, query: new URLSearchParams(search) });
    } catch (error) {
      await refuse(dependencies, request, response, error);
    }
    return true;
  };
}

/** Whatever an object contains, a browser that opens it runs nothing of it. Pages of any origin may transfer. */
const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'ETag',
};

interface Transfer {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: URLSearchParams;
}

async function answer(dependencies: TransferDependencies, transfer: Transfer): Promise<void> {
  const { request, response, path, query } = transfer;
  const { storage } = dependencies;
  switch (request.method) {
    case 'OPTIONS':
      return answerPreflight(request, response);
    case 'GET':
    case 'HEAD': {
      const key = grantedKey(dependencies, transfer, 'GET');
      return sendObject({ storage, key, query }, request, response);
    }
    case 'PUT': {
      contentLengthOf(request);
      const key = grantedKey(dependencies, transfer, 'PUT');
      const { eTag } = await receiveUpload(storage, { key, query }, request);
      response.writeHead(200, { etag: `"${eTag}"`, 'content-length': 0 }).end();
      return;
    }
    case 'POST': {
      if (path !== TRANSFER_PATH && path !== `${TRANSFER_PATH}/`) break;
      const { key, eTag } = await receiveForm(dependencies, request);
      const location = `${TRANSFER_PATH}/${key.split('/').map(encodeURIComponent).join('/')}`;
      response.writeHead(204, { etag: `"${eTag}"`, location }).end();
      return;
    }
  }
  const message = 'The specified method is not allowed against this resource.';
  throw new TransferError('MethodNotAllowed', message, { allow: 'GET, HEAD, OPTIONS, POST, PUT' });
}

const SIGNATURE_MESSAGE = 'The request signature we calculated does not match the signature you provided.';

/** The key of the path, once the grant for exactly this request is verified. */
function grantedKey({ secret, now }: TransferDependencies, transfer: Transfer, method: 'GET' | 'PUT'): StorageKey {
  const { path, query, request } = transfer;
  const key = keyOf(path);
  switch (verifyRequest(secret, { method, key, query, headers: request.headers }, now())) {
    case 'granted':
      return storageKeyOf(key);
    case 'unsigned':
      throw new TransferError('AccessDenied', 'Access Denied');
    case 'unsigned_headers':
      throw new TransferError('AccessDenied', 'There were headers present in the request which were not signed');
    case 'tampered':
      throw new TransferError('SignatureDoesNotMatch', SIGNATURE_MESSAGE);
    case 'expired':
      throw new TransferError('AccessDenied', 'Request has expired');
  }
}

function keyOf(path: string): string {
  try {
    return decodeURIComponent(path.slice(TRANSFER_PATH.length + 1));
  } catch {
    throw new TransferError('InvalidURI', 'Could not parse the specified URI.');
  }
}

const ALLOWED_METHODS = ['GET', 'HEAD', 'POST', 'PUT'];
const ALLOWED_HEADERS = ['content-type', 'if-none-match', 'x-amz-checksum-sha256'];

function answerPreflight({ headers }: IncomingMessage, response: ServerResponse): void {
  const method = headers['access-control-request-method'];
  if (headers.origin === undefined || method === undefined) {
    throw new TransferError('BadRequest', 'Insufficient information. Origin and Access-Control-Request-Method needed.');
  }
  const asked = (headers['access-control-request-headers'] ?? '')
    .toLowerCase()
    .split(/[,\s]+/)
    .filter(Boolean);
  if (!ALLOWED_METHODS.includes(method) || !asked.every((name) => ALLOWED_HEADERS.includes(name))) {
    throw new TransferError('AccessForbidden', 'CORSResponse: This CORS request is not allowed.');
  }
  response.writeHead(200, {
    'access-control-allow-methods': ALLOWED_METHODS.join(', '),
    'access-control-allow-headers': ALLOWED_HEADERS.join(', '),
    'access-control-max-age': '3000',
    'content-length': 0,
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  });
  response.end();
}

async function refuse(
  { log }: TransferDependencies,
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): Promise<void> {
  if (isClientGone(request, error)) return;
  const refusal = transferErrorOf(error);
  if (refusal.code === 'InternalError') log.error('transfer failed', { error });
  if (response.headersSent)
    response.destroy(); // a cut answer is seen as one
  else await sendError(request, response, refusal);
}

/** An upload that broke off, of which nothing was stored, or a download that nobody reads any more. */
function isClientGone(request: IncomingMessage, error: unknown): boolean {
  return (request.destroyed && !request.complete) || errnoOf(error) === 'ERR_STREAM_PREMATURE_CLOSE';
}
