import type { PublicAttachmentQuery } from '../api/attachment-schemas.ts';
import type { PublicApiDependencies } from '../dependencies.ts';
import type { AttachmentRecord } from '../metadata/records.ts';
import { contentHeaders } from './content-headers.ts';
import { contentRedirect, isValidLink } from './content-link.ts';
import { unknownAttachment } from './find-attachment.ts';

export interface ContentAnswer {
  /** The storage's own address of the bytes, which ends soon. */
  readonly location: string;
  readonly cacheControl: string;
}

/**
 * Where the bytes are, for anyone while the attachment is public, and for whoever has a link of ours. The record is read
 * each time, so that a delete or a change of who sees it ends links and addresses alike.
 * @throws RequestRefusedError `not_found`, the same for an unknown id, a link that ended and a file that is not public.
 */
export async function publicContent(
  { storage, metadata, linkSecret, clock }: PublicApiDependencies,
  { fileId, query }: { readonly fileId: string; readonly query: PublicAttachmentQuery },
): Promise<ContentAnswer> {
  const { variant, disp: disposition } = query;
  const file = await metadata.getAttachment({ fileId });
  if (file?.status !== 'ready') throw unknownAttachment();
  const now = clock();
  const by = await admission({ linkSecret }, { file, query, now });
  if (!by) throw unknownAttachment();
  const { address, cacheControl } = contentRedirect(now, by);
  const { key, contentType, filename } = servedAs(file, variant);
  const headers = contentHeaders({ contentType, filename, disposition });
  const location = await storage.getFileUrl({
    key,
    access: 'signed',
    ...address,
    responseContentType: headers.contentType,
    responseContentDisposition: headers.contentDisposition,
  });
  return { location, cacheControl };
}

async function admission(
  { linkSecret }: Pick<PublicApiDependencies, 'linkSecret'>,
  { file, query, now }: { readonly file: AttachmentRecord; readonly query: PublicAttachmentQuery; readonly now: Date },
): Promise<'link' | 'public' | undefined> {
  const { fileId, visibility, draft } = file;
  const { variant, disp: disposition, exp, sig } = query;
  if (sig !== undefined) {
    const keys = await linkSecret();
    if (isValidLink({ keys, fileId, visibility, variant, disposition, exp, sig, now })) return 'link';
  }
  return visibility === 'public' && !draft ? 'public' : undefined;
}

/** @throws RequestRefusedError `not_found` for the preview of what has none. */
function servedAs(
  { key, contentType, filename, preview }: AttachmentRecord,
  variant: PublicAttachmentQuery['variant'],
): Pick<AttachmentRecord, 'key' | 'contentType' | 'filename'> {
  if (variant === 'content') return { key, contentType, filename };
  if (!preview) throw unknownAttachment();
  return { key: preview.key, contentType: 'image/webp', filename: `${filename}.webp` };
}
