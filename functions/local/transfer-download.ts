import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { ObjectChangedError } from '../../shared/errors.ts';
import type { StorageKey } from '../../shared/storage/object-keys.ts';
import type { FileInfo, StorageBackend } from '../../shared/storage/storage-backend.ts';
import { preconditionFailed, TransferError } from './transfer-answers.ts';

interface Download {
  readonly storage: StorageBackend;
  readonly key: StorageKey;
  /** Its `response-*` values replace the object's own headers. */
  readonly query: URLSearchParams;
}

/** Answers GET or HEAD of an object whose grant was verified: conditions and single ranges of RFC 9110. */
export async function sendObject(
  download: Download,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { storage, key, query } = download;
  const info = await storage.getFileInfo({ key });
  const eTag = `"${info.eTag}"`;
  const conditions = request.headers;
  if (conditions['if-match'] !== undefined && !names(conditions['if-match'], eTag)) throw preconditionFailed();
  if (conditions['if-none-match'] !== undefined && names(conditions['if-none-match'], eTag)) {
    const { cacheControl } = info;
    response.writeHead(304, { etag: eTag, ...(cacheControl !== undefined && { 'cache-control': cacheControl }) }).end();
    return;
  }
  const range = rangeOf(conditions, info.size, eTag);
  const headers = headersOf(info, query, range);
  if (request.method === 'HEAD' || info.size === 0) {
    response.writeHead(range === undefined ? 200 : 206, headers).end();
    return;
  }
  const file = await openVersion(storage, key, info.eTag, range);
  if (file === undefined) return sendObject(download, request, response); // replaced in between: answer the new one
  response.writeHead(range === undefined ? 200 : 206, headers);
  await pipeline(file.body, response);
}

interface Range {
  readonly start: number;
  readonly end: number;
}

async function openVersion(storage: StorageBackend, key: StorageKey, eTag: string, range: Range | undefined) {
  try {
    return await storage.downloadFile({ key, ifMatch: eTag, ...(range && { range }) });
  } catch (error) {
    if (error instanceof ObjectChangedError) return undefined;
    throw error;
  }
}

/** Whether a list of ETags has this one. */
function names(list: string, eTag: string): boolean {
  return list.split(',').some((entry) => [eTag, `W/${eTag}`, '*'].includes(entry.trim()));
}

/**
 * Undefined for the whole object: no range, several (a cheap way to ask for much), one of another version, or one that
 * makes no sense.
 * @throws TransferError if no byte of the range exists.
 */
function rangeOf(headers: IncomingHttpHeaders, size: number, eTag: string): Range | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? [];
  const isStale = headers['if-range'] !== undefined && headers['if-range'] !== eTag;
  if (isStale || (first === '' && last === '')) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < start) return undefined;
  if (start >= size) {
    throw new TransferError('InvalidRange', 'The requested range is not satisfiable', {
      'content-range': `bytes */${size}`,
    });
  }
  return { start, end };
}

function headersOf(info: FileInfo, query: URLSearchParams, range: Range | undefined): OutgoingHttpHeaders {
  const cacheControl = query.get('response-cache-control') ?? info.cacheControl;
  const contentDisposition = query.get('response-content-disposition') ?? info.contentDisposition;
  return {
    etag: `"${info.eTag}"`,
    'last-modified': info.lastModified.toUTCString(),
    'accept-ranges': 'bytes',
    'content-type': query.get('response-content-type') ?? info.contentType,
    'content-length': range === undefined ? info.size : range.end - range.start + 1,
    ...(range !== undefined && { 'content-range': `bytes ${range.start}-${range.end}/${info.size}` }),
    ...(cacheControl !== undefined && { 'cache-control': cacheControl }),
    ...(contentDisposition !== undefined && { 'content-disposition': contentDisposition }),
  };
}
