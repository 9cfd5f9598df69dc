import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import {
  DependencyUnavailableError,
  ObjectChangedError,
  ObjectExistsError,
  ObjectNotFoundError,
} from '../../errors.ts';
import { cursorOf, keyOfCursor } from '../list-cursor.ts';
import { encodeKey, type StorageKey } from '../object-keys.ts';
import type {
  CopyFileInput,
  DownloadedFile,
  DownloadFileInput,
  FileInfo,
  ListFilesInput,
  ListFilesPage,
  ObjectHeaders,
  StorageBackend,
  UploadFileInput,
} from '../storage-backend.ts';
import { createS3Client } from './s3-client.ts';
import { retryConflicts } from './s3-conflicts.ts';
import { type FailedRequest, isConflict, mapErrors } from './s3-errors.ts';
import { eTagOf, quoted } from './s3-etag.ts';
import { copyInParts } from './s3-large-copy.ts';
import { readResponse } from './s3-response-body.ts';
import { createUploadBody } from './s3-upload-body.ts';
import type { S3Options } from './s3-url-signer.ts';

/** What needs the S3 client. */
export type S3Objects = Pick<
  StorageBackend,
  'uploadFile' | 'downloadFile' | 'getFileInfo' | 'fileExists' | 'deleteFile' | 'listFiles' | 'copyFile'
>;

/** Copies above this many bytes are made in parts. */
const LARGE_COPY_BYTES = 256 * 1024 ** 2;

export function createS3Objects(options: S3Options): S3Objects {
  const client = createS3Client(options);
  const Bucket = options.bucket;

  async function uploadFile(input: UploadFileInput): Promise<{ eTag: string }> {
    const { key, checksumSha256, ifMatch, ifNoneMatch } = input;
    const { content, contentLength } = createUploadBody(input);
    const command = new PutObjectCommand({
      Bucket,
      Key: key,
      Body: content,
      ContentLength: contentLength,
      ChecksumSHA256: checksumSha256,
      ...headersOf(input),
      IfMatch: quoted(ifMatch),
      IfNoneMatch: ifNoneMatch,
    });
    const request = { key, ifMatch, ifNoneMatch, contentLength };
    try {
      const { ETag } = await mapErrors(request, () =>
        content instanceof Readable
          ? sendStream(content, (abortSignal) => client.send(command, { abortSignal }))
          : retryConflicts(() => client.send(command)),
      );
      return { eTag: eTagOf(ETag) };
    } catch (error) {
      // A stream cannot be sent again after a conflict. What stands there now tells whether its condition has failed.
      if (error instanceof DependencyUnavailableError && isConflict(error.cause)) await requireConditions(request);
      throw error;
    }
  }

  async function requireConditions(request: FailedRequest): Promise<void> {
    const Key = request.key;
    if (request.ifNoneMatch && (await fileExists({ key: Key as StorageKey }))) throw new ObjectExistsError(Key);
    if (request.ifMatch === undefined) return;
    const IfMatch = quoted(request.ifMatch);
    await mapErrors(request, () => client.send(new HeadObjectCommand({ Bucket, Key, IfMatch })));
  }

  async function downloadFile({ key, ifMatch, range }: DownloadFileInput): Promise<DownloadedFile> {
    const { start, end } = range ?? { start: 0 };
    // S3 would take no notice of such a range, and answer with the whole object.
    if (end !== undefined && end < start) throw new RangeError(`no bytes from ${start} to ${end}`);
    const Range = range && `bytes=${start}-${end ?? ''}`;
    const answer = await mapErrors({ key, ifMatch }, () =>
      client.send(new GetObjectCommand({ Bucket, Key: key, IfMatch: quoted(ifMatch), Range })),
    );
    return { info: infoOf(key, answer), body: readResponse(answer.Body as Readable, key) };
  }

  async function getFileInfo({ key, ifMatch }: { key: StorageKey; ifMatch?: string | undefined }): Promise<FileInfo> {
    return mapErrors({ key, ifMatch }, async () =>
      infoOf(key, await client.send(new HeadObjectCommand({ Bucket, Key: key, IfMatch: quoted(ifMatch) }))),
    );
  }

  async function fileExists({ key }: { key: StorageKey }): Promise<boolean> {
    try {
      await getFileInfo({ key });
      return true;
    } catch (error) {
      if (error instanceof ObjectNotFoundError) return false;
      throw error;
    }
  }

  async function deleteFile({ key, ifMatch }: { key: StorageKey; ifMatch?: string }): Promise<void> {
    try {
      await mapErrors({ key, ifMatch }, () =>
        retryConflicts(() => client.send(new DeleteObjectCommand({ Bucket, Key: key, IfMatch: quoted(ifMatch) }))),
      );
    } catch (error) {
      if (error instanceof ObjectNotFoundError) return;
      // A delete marker, too, fails the condition, and under it nothing stands.
      if (!(error instanceof ObjectChangedError) || (await fileExists({ key }))) throw error;
    }
  }

  async function listFiles({ prefix, limit = 1000, cursor }: ListFilesInput): Promise<ListFilesPage> {
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new RangeError('a page has 1 to 1,000 files');
    // By key and not by S3's own token, which may not outlive a deletion.
    const StartAfter = cursor === undefined ? undefined : keyOfCursor(cursor);
    const page = await mapErrors({ key: prefix }, () =>
      client.send(new ListObjectsV2Command({ Bucket, Prefix: prefix, MaxKeys: limit, StartAfter })),
    );
    const files = (page.Contents ?? []).map(({ Key = '', Size = 0, ETag, LastModified = new Date(0) }) => ({
      key: Key as StorageKey,
      size: Size,
      eTag: eTagOf(ETag),
      lastModified: LastModified,
    }));
    const last = files.at(-1);
    return page.IsTruncated && last !== undefined ? { files, cursor: cursorOf(last.key) } : { files };
  }

  /** The source is looked at first, and the copy is made of that version or fails with ObjectChangedError. */
  async function copyFile({ from, to, ifMatch, ifNoneMatch, ...changes }: CopyFileInput): Promise<{ eTag: string }> {
    const source = await getFileInfo({ key: from, ifMatch });
    const isLarge = source.size > LARGE_COPY_BYTES;
    // S3 copies headers and metadata all or none; and refuses to copy an object to itself as it is.
    const replaces = isLarge || from === to || Object.keys(changes).length > 0;
    const copy: CopyObjectCommandInput = {
      Bucket,
      Key: to,
      CopySource: `${Bucket}/${encodeKey(from)}`,
      CopySourceIfMatch: quoted(source.eTag),
      IfNoneMatch: ifNoneMatch,
      MetadataDirective: replaces ? 'REPLACE' : 'COPY',
      ...(replaces && headersOf({ ...source, ...changes })),
    };
    try {
      const { ETag } = await mapErrors({ key: from }, () =>
        isLarge
          ? copyInParts({ client, copy, size: source.size })
          : retryConflicts(async () => (await client.send(new CopyObjectCommand(copy))).CopyObjectResult ?? {}),
      );
      return { eTag: eTagOf(ETag) };
    } catch (error) {
      // Both conditions fail with the same answer.
      const isRefused = error instanceof ObjectChangedError && ifNoneMatch !== undefined;
      throw isRefused && (await fileExists({ key: to })) ? new ObjectExistsError(to, { cause: error }) : error;
    }
  }

  return { uploadFile, downloadFile, getFileInfo, fileExists, deleteFile, listFiles, copyFile };
}

/** The SDK pipes a stream and does not notice when it breaks off; S3 would wait for the rest until it hangs up. */
async function sendStream<T>(content: Readable, send: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
  const broken = new AbortController();
  content.once('error', () => broken.abort());
  try {
    return await send(broken.signal);
  } catch (error) {
    throw content.errored ?? error;
  } finally {
    content.destroy();
  }
}

function headersOf(file: ObjectHeaders & { readonly metadata?: Readonly<Record<string, string>> }) {
  return {
    ContentType: file.contentType,
    CacheControl: file.cacheControl,
    ContentDisposition: file.contentDisposition,
    Metadata: file.metadata,
  };
}

function infoOf(key: StorageKey, answer: HeadObjectCommandOutput): FileInfo {
  const { ContentType = 'application/octet-stream', CacheControl, ContentDisposition, Metadata = {} } = answer;
  const { ETag, LastModified = new Date(0), ContentLength, ContentRange } = answer;
  return {
    key,
    size: Number(/\/(\d+)$/.exec(ContentRange ?? '')?.[1] ?? ContentLength), // of the object, not of the range
    eTag: eTagOf(ETag),
    lastModified: LastModified,
    contentType: ContentType,
    ...(CacheControl !== undefined && { cacheControl: CacheControl }),
    ...(ContentDisposition !== undefined && { contentDisposition: ContentDisposition }),
    metadata: Metadata,
  };
}
