import type { Principal } from '../access/principal.ts';
import type { AttachmentUrls } from '../api/attachment-schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { Disposition } from './content-headers.ts';
import { findAttachments } from './find-attachment.ts';
import { linkTo } from './view-attachment.ts';

export interface AttachmentUrlsInput {
  readonly fileIds: readonly string[];
  readonly principal: Principal;
  /** @default - half an hour at least; for a public file no end */
  readonly lifetimeSeconds: number | undefined;
  readonly disposition: Disposition | undefined;
}

/** Links to the bytes of many attachments: a result for each id, in their order. */
export async function attachmentUrls(
  { metadata, linkSecret, settings, clock }: Pick<ApiDependencies, 'metadata' | 'linkSecret' | 'settings' | 'clock'>,
  { fileIds, principal, lifetimeSeconds, disposition }: AttachmentUrlsInput,
): Promise<AttachmentUrls['items']> {
  const [files, keys] = await Promise.all([findAttachments({ metadata }, { fileIds, principal }), linkSecret()]);
  const maker = { settings, keys, now: clock() };
  return fileIds.map((id, at) => {
    const file = files[at];
    if (!file) return { id, code: 'not_found' };
    const { url, expiresAt } = linkTo(maker, file, { variant: 'content', disposition, lifetimeSeconds });
    const preview = file.preview && linkTo(maker, file, { variant: 'preview', lifetimeSeconds });
    return {
      id,
      url,
      ...(preview && { previewUrl: preview.url }),
      ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
    };
  });
}
