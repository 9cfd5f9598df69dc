import type { AttachmentRecord } from './records.ts';

/**
 * Whether a file may tell where and with what it was recorded, so that it can never be public: a video, from which the
 * service removes nothing, or an image that was kept as it was sent. Sound counts as neither.
 */
export function keepsMetadata({
  contentType,
  metadataStripped,
}: Pick<AttachmentRecord, 'contentType' | 'metadataStripped'>): boolean {
  return isVideo(contentType) || (isPicture(contentType) && !metadataStripped);
}

/** Also of a type as a client writes it: case does not matter (RFC 6838, 4.2). */
export function isVideo(contentType: string): boolean {
  return contentType.toLowerCase().startsWith('video/');
}

/** Whether it is an image whose pixels are in the file. A drawing in SVG is a text. */
export function isPicture(contentType: string): boolean {
  return contentType.startsWith('image/') && contentType !== 'image/svg+xml';
}
