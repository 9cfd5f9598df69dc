import type { FormerAvatar, FormerImage } from './former-avatars.ts';
import { type Document, parsed, withoutNulls } from './former-rows.ts';

/** A row of schema 2. What the record does not have is null. */
export interface FormerUpload {
  readonly uploadId: string;
  readonly kind: 'avatar' | 'render' | 'attachment';
  readonly entityType: string | null;
  readonly entityId: string | null;
  readonly crop: string | null;
  readonly attachment: string | null;
  readonly status: string;
  readonly attempts: number;
  readonly leaseId: string | null;
  readonly createdAt: string;
}

/**
 * The record of an upload. The leases that were taken and the moment when its bytes were seen were not recorded: there
 * was at least one lease if a worker ever had it, and the bytes came after the ticket. `avatar` is that of a render.
 */
export function uploadRecord(row: FormerUpload, avatar: FormerAvatar | undefined): Document {
  const { entityType, entityId, crop, attachment, ...fields } = row;
  const isRender = row.kind === 'render';
  const wasBegun = row.attempts > 0 || row.leaseId !== null || BEGUN.includes(row.status);
  return withoutNulls({
    ...fields,
    ...(parsed<Document>(attachment) ?? { avatar: { entityType, entityId }, crop: parsed(crop) }),
    leases: wasBegun ? Math.max(1, row.attempts) : 0,
    sentAt: wasBegun || isRender ? row.createdAt : null,
    source: isRender ? sourceOf(row, parsed(avatar?.image ?? null)) : null,
  });
}

/** A worker has the upload, had it last, or ended it. */
const BEGUN: readonly string[] = ['processing', 'ready', 'rejected', 'superseded'];

/** Without an image the render has been superseded, or will be: its source is no version that was ever published. */
function sourceOf({ uploadId, entityType, entityId }: FormerUpload, image: FormerImage | undefined): Document {
  if (image) return { uploadId: image.readyUploadId, key: image.original.key };
  return { uploadId, key: `avatars/${entityType}/${entityId}/original.jpg` };
}
