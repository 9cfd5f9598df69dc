import type { LinkKeys } from '../access/link-secret.ts';
import type { Attachment } from '../api/attachment-schemas.ts';
import type { Settings } from '../dependencies.ts';
import { isPicture } from '../metadata/kept-metadata.ts';
import type { AttachmentRecord } from '../metadata/records.ts';
import { encodeUrlPart } from '../storage/object-keys.ts';
import type { Disposition } from './content-headers.ts';
import { type ContentVariant, contentLink } from './content-link.ts';

export interface LinkMaker {
  readonly settings: Pick<Settings, 'apiUrl'>;
  readonly keys: LinkKeys;
  readonly now: Date;
}

/** What may be asked of a link. */
export interface LinkWish {
  readonly variant: ContentVariant;
  /** @default - pictures are shown, everything else is saved */
  readonly disposition?: Disposition | undefined;
  readonly lifetimeSeconds?: number | undefined;
}

/** What the API says of an attachment, with links for whoever is told. */
export function viewAttachment(maker: LinkMaker, file: AttachmentRecord): Attachment {
  const { fileId, filename, contentType, declaredType, size, visibility, contextId, draft, metadata } = file;
  const { description, metadataStripped, width, height, thumbHash, preview, createdAt, ownerId, revision } = file;
  return {
    id: fileId,
    filename,
    contentType,
    declaredType,
    size,
    visibility,
    ...(contextId !== undefined && { contextId }),
    draft,
    ...(metadata && { metadata: { ...metadata } }),
    ...(description !== undefined && { description }),
    metadataStripped,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(thumbHash !== undefined && { thumbHash }),
    ...(preview && {
      preview: {
        url: linkTo(maker, file, { variant: 'preview' }).url,
        width: preview.width,
        height: preview.height,
      },
    }),
    contentUrl: linkTo(maker, file, { variant: 'content' }).url,
    createdAt,
    uploader: ownerId,
    revision,
  };
}

/**
 * An address that needs no token. A public file has one without a signature that lasts as long as it is public, unless a
 * life is asked for; every other file has one that ends.
 */
export function linkTo(
  { settings, keys, now }: LinkMaker,
  file: AttachmentRecord,
  { variant, disposition = isPicture(file.contentType) ? 'inline' : 'attachment', lifetimeSeconds }: LinkWish,
): { readonly url: string; readonly expiresAt?: Date } {
  const { apiUrl } = settings;
  const { fileId, visibility, draft } = file;
  if (visibility === 'public' && !draft && lifetimeSeconds === undefined) {
    const query = new URLSearchParams({ variant, disp: disposition });
    return { url: `${apiUrl}/public/attachments/${encodeUrlPart(fileId)}?${query}` };
  }
  return contentLink({
    apiUrl,
    keys,
    fileId,
    visibility,
    variant,
    disposition,
    now,
    ...(lifetimeSeconds !== undefined && { lifetimeSeconds }),
  });
}
