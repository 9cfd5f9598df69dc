import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { AttachmentAccess } from '../../../shared/metadata/record-access.ts';
import type { ListAttachmentsInput } from '../../../shared/metadata/record-store.ts';
import type { AttachmentRecord, AttachmentUpload } from '../../../shared/metadata/records.ts';
import type { AttachmentChanges, PublishedFile } from '../../../shared/metadata/transitions/attachments.ts';
import type { IdempotentRequest, NewAttachmentUpload } from '../../../shared/metadata/transitions/issue-upload.ts';
import { storageKeyOf, temporaryKey } from '../../../shared/storage/object-keys.ts';
import { type Job, MINUTE, type World } from './world.ts';

interface TicketOptions extends Partial<Omit<NewAttachmentUpload, 'ownerId' | 'contentLength'>> {
  /** The caller. @default the user of the world */
  readonly by?: string;
  readonly bytes?: number;
}

interface AskOptions extends TicketOptions {
  /** A ticket made before. */
  readonly upload?: NewAttachmentUpload;
  readonly request?: IdempotentRequest;
  readonly pendingUploads?: number;
  readonly sentUploads?: number;
}

interface PublishOptions extends AskOptions {
  readonly file?: Partial<PublishedFile>;
}

export type AttachmentWorld = ReturnType<typeof attachmentsOf>;

/** The attachments of a world. */
export function attachmentsOf(w: World) {
  const { store, organizationId, userId } = w;
  const asUploader: AttachmentAccess = { organizationId, ownerId: userId, othersToo: false };
  const asAdmin: AttachmentAccess = { organizationId, ownerId: 'admin', othersToo: true };

  function ticket({ by = userId, bytes = 10, ...rest }: TicketOptions = {}): NewAttachmentUpload {
    const uploadId = rest.uploadId ?? randomUUID();
    return {
      kind: 'attachment',
      uploadId,
      ownerId: by,
      key: temporaryKey(uploadId),
      method: 'PUT',
      contentType: 'application/pdf',
      contentLength: bytes,
      filename: 'minutes.pdf',
      visibility: 'organization',
      draft: false,
      keepMetadata: false,
      createdAt: w.in(0),
      urlExpiresAt: w.in(5 * MINUTE),
      acceptUntil: w.in(65 * MINUTE),
      ...rest,
    };
  }

  async function ask({ upload, request, ...rest }: AskOptions = {}) {
    const { pendingUploads = w.pendingUploads, sentUploads = w.sentUploads, ...options } = rest;
    const asked = upload ?? ticket(options);
    w.ids.add(asked.uploadId);
    return store.issueUpload({
      upload: asked,
      organizationId,
      ...(request && { request }),
      limits: { ...w.limits, pendingUploads, sentUploads },
      now: w.now(),
    });
  }

  async function issue(asked: AskOptions = {}): Promise<AttachmentUpload> {
    const issued = await ask(asked);
    if (issued.outcome !== 'issued') throw new Error(`expected a ticket, got ${issued.outcome}`);
    return issued.upload as AttachmentUpload;
  }

  const started = async (asked: AskOptions = {}): Promise<Job> => w.start(await issue(asked));

  function file(changes: Partial<PublishedFile> = {}): PublishedFile {
    const key = storageKeyOf('attachments/2026/11/file.pdf');
    return { key, eTag: 'e1', contentType: 'application/pdf', size: 10, metadataStripped: false, ...changes };
  }

  const publish = (job: Job, changes: Partial<PublishedFile> = {}) =>
    store.publishAttachment({ ...job, file: file(changes), now: w.now() });

  async function published({ file: changes, ...asked }: PublishOptions = {}): Promise<AttachmentRecord> {
    const job = await started(asked);
    expect(await publish(job, changes)).toBe('published');
    return present(await store.getAttachment({ fileId: job.uploadId }));
  }

  async function page(asked: Partial<ListAttachmentsInput> = {}) {
    const visibleTo = { ownerId: userId, seesPrivate: false };
    return store.listAttachments({ organizationId, visibleTo, limit: 100, ...asked });
  }

  return {
    asUploader,
    asAdmin,
    ticket,
    ask,
    issue,
    started,
    file,
    publish,
    published,
    page,
    find: (fileId: string) => store.getAttachment({ fileId }),
    delete: (fileId: string, access = asUploader) => store.markAttachmentDeleted({ fileId, access, now: w.now() }),
    expireDraft: (fileId: string) => store.expireDraft({ fileId, now: w.now() }),
    forget: (fileId: string) => store.forgetAttachment({ fileId }),
    update: (
      fileId: string,
      changes: AttachmentChanges,
      { access = asUploader, ...seen }: { readonly access?: AttachmentAccess; readonly seenRevision?: number } = {},
    ) => store.updateAttachment({ fileId, changes, access, ...seen }),
    /** The ids of a whole list, read in pages of `limit`. */
    list: async (asked: Partial<ListAttachmentsInput> = {}): Promise<string[]> => {
      const found: string[] = [];
      const cursors = new Set<string>();
      let cursor: string | undefined;
      do {
        const { items, cursor: next } = await page({ ...asked, ...(cursor !== undefined && { cursor }) });
        expect(items.length).toBeLessThanOrEqual(asked.limit ?? 100);
        found.push(...items.map(({ fileId }) => fileId));
        cursor = next;
        // Each one further than those before.
        expect(cursors).not.toContain(cursor);
        if (cursor !== undefined) cursors.add(cursor);
      } while (cursor !== undefined);
      return found;
    },
    usage: () => store.countUsage({ organizationId }),
  };
}

function present<T>(found: T | undefined): T {
  if (found === undefined) throw new Error('expected a record');
  return found;
}
