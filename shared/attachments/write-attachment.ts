import { createHash } from 'node:crypto';
import type { WorkerDependencies } from '../dependencies.ts';
import { ContentRejectedError, ObjectExistsError } from '../errors.ts';
import { AVATAR_TYPES, type ImageType, isStrippable } from '../images/formats.ts';
import { isPicture, keepsMetadata } from '../metadata/kept-metadata.ts';
import type { AttachmentPreview, AttachmentUpload } from '../metadata/records.ts';
import type { PublishedFile } from '../metadata/transitions/attachments.ts';
import { attachmentKey, previewKey, type StorageKey } from '../storage/object-keys.ts';
import { discard, type ObjectHeaders, readWhole, type UploadFileInput } from '../storage/storage-backend.ts';
import { typeByTracks } from './media-tracks.ts';
import { isAcceptedType, knownType } from './media-types.ts';
import { refuseMalicious } from './refuse-malicious.ts';
import { extensionOf, HEAD_BYTES, sniffType } from './sniff-type.ts';

type Needs = Pick<WorkerDependencies, 'storage' | 'scanner' | 'renderer' | 'settings'>;

/** An attachment's bytes as they were seen first: any other version at their key is refused. */
interface Sent {
  readonly key: StorageKey;
  readonly eTag: string;
}

/**
 * Checks what was sent and writes what is served: a picture without its metadata and its preview, or a copy of the file.
 * Nothing of it can be reached before the record says so. Repeatable: a key is written once, and every attempt would
 * write the same.
 * @throws ContentRejectedError for anything about the bytes; ObjectNotFoundError, ObjectChangedError about the source.
 */
export async function writeAttachment(needs: Needs, upload: AttachmentUpload): Promise<PublishedFile> {
  const { key, eTag, contentLength } = upload;
  if (eTag === undefined) throw new ContentRejectedError('upload_lost', 'no bytes were ever seen');
  const sent = { key, eTag };
  const sniffed = await sniffAt(needs, sent);
  if (
    upload.visibility === 'public' &&
    keepsMetadata({ contentType: sniffed, metadataStripped: !upload.keepMetadata })
  ) {
    throw new ContentRejectedError('metadata_not_strippable', `${sniffed} keeps its metadata, so it cannot be public`);
  }
  if (isStrippable(sniffed) && contentLength <= needs.settings.attachments.stripMaxBytes) {
    return writePicture(needs, upload, sent, sniffed);
  }
  if (isPicture(sniffed) && !upload.keepMetadata) {
    throw new ContentRejectedError('metadata_not_strippable', `the metadata of ${sniffed} is not removed here`);
  }
  return promote(needs, upload, sent, sniffed);
}

/** A picture that fits in memory: its bytes are read once, so what is checked is what is written. */
async function writePicture(
  needs: Needs,
  upload: AttachmentUpload,
  { key, eTag }: Sent,
  contentType: ImageType,
): Promise<PublishedFile> {
  const { storage, scanner, renderer, settings } = needs;
  refuseType(contentType, settings.attachments.types);
  const sent = await readWhole(await storage.downloadFile({ key, ifMatch: eTag }));
  if (sent.length !== upload.contentLength) throw wrongLength(sent.length, upload);
  await refuseMalicious(scanner, [sent]);
  const { keepMetadata } = upload;
  const { stripped, description: image } = await renderer.prepareAttachment({ bytes: sent, contentType, keepMetadata });
  const served = stripped ?? sent;
  const ref = refOf(upload);
  const target = attachmentKey({ ...ref, extension: extensionOf(contentType) });
  const { eTag: written } = await writeOnce(storage, { key: target, body: served, ...headersOf(contentType) });
  const preview = image?.preview && (await writePreview(storage, previewKey(ref), image.preview));
  return {
    key: target,
    eTag: written,
    contentType,
    size: served.length,
    sha256: createHash('sha256').update(served).digest('base64'),
    metadataStripped: stripped !== undefined,
    ...(image && { width: image.width, height: image.height }),
    ...(image?.thumbHash !== undefined && { thumbHash: image.thumbHash }),
    ...(preview && { preview }),
  };
}

async function writePreview(
  storage: Needs['storage'],
  key: StorageKey,
  { bytes, width, height }: { readonly bytes: Uint8Array; readonly width: number; readonly height: number },
): Promise<AttachmentPreview> {
  await writeOnce(storage, { key, body: bytes, contentType: 'image/webp' });
  return { key, bytes: bytes.length, width, height };
}

/**
 * Copies first and checks the copy, which no client can reach: what a form sends a second time, even with the same MD5,
 * is never what was checked in its place.
 */
async function promote(
  { storage, scanner, settings }: Needs,
  upload: AttachmentUpload,
  { key: from, eTag: ifMatch }: Sent,
  sniffed: string,
): Promise<PublishedFile> {
  const contentType = knownType(sniffed, upload.contentType);
  refuseType(contentType, settings.attachments.types);
  const key = attachmentKey({ ...refOf(upload), extension: extensionOf(contentType) });
  try {
    await storage.copyFile({ from, to: key, ifMatch, ifNoneMatch: '*', ...headersOf(contentType) });
  } catch (error) {
    if (!(error instanceof ObjectExistsError)) throw error;
  }
  const { eTag, size } = await storage.getFileInfo({ key });
  if (size !== upload.contentLength) throw wrongLength(size, upload);
  if ((await sniffAt({ storage }, { key, eTag })) !== sniffed) {
    throw new ContentRejectedError('upload_changed', 'the copy is not of the type that was sent first');
  }
  const copy = await storage.downloadFile({ key, ifMatch: eTag });
  // Also of what the scanner did not come to read.
  await refuseMalicious(scanner, copy.body).finally(() => discard(copy));
  const { checksumSha256: sha256 } = upload;
  return { key, eTag, contentType, size, ...(sha256 !== undefined && { sha256 }), metadataStripped: false };
}

async function sniffAt({ storage }: Pick<Needs, 'storage'>, { key, eTag }: Sent): Promise<string> {
  const range = { start: 0, end: HEAD_BYTES - 1 };
  const head = await storage.downloadFile({ key, ifMatch: eTag, range });
  const sniffed = await sniffType(await readWhole(head));
  return typeByTracks(storage, { key, eTag, size: head.info.size }, sniffed);
}

/** `ifNoneMatch`: what stands there was written by an earlier attempt, from the same bytes. */
async function writeOnce(
  storage: Needs['storage'],
  object: Omit<UploadFileInput, 'ifNoneMatch'>,
): Promise<{ readonly eTag: string }> {
  try {
    return await storage.uploadFile({ ...object, ifNoneMatch: '*' });
  } catch (error) {
    if (error instanceof ObjectExistsError) return storage.getFileInfo({ key: object.key });
    throw error;
  }
}

/** What the object answers with where no signature says otherwise: an image that browsers show, or a file to save. */
function headersOf(contentType: string): ObjectHeaders {
  if (Object.hasOwn(AVATAR_TYPES, contentType)) return { contentType };
  return { contentType: 'application/octet-stream', contentDisposition: 'attachment' };
}

function refuseType(contentType: string, accepted: readonly string[]): void {
  if (isAcceptedType(contentType, accepted)) return;
  throw new ContentRejectedError('type_not_allowed', `${contentType} is not accepted`);
}

function wrongLength(length: number, { contentLength }: AttachmentUpload): ContentRejectedError {
  return new ContentRejectedError('upload_changed', `${length} bytes came instead of ${contentLength}`);
}

function refOf({ uploadId, createdAt }: AttachmentUpload) {
  return { fileId: uploadId, createdAt };
}
