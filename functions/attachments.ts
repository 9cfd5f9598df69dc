import type { Handlers } from '../shared/api/dispatch.ts';
import { attachmentUrls } from '../shared/attachments/attachment-urls.ts';
import { changeAttachment } from '../shared/attachments/change-attachment.ts';
import { deleteAttachment, deleteAttachments } from '../shared/attachments/delete-attachment.ts';
import { findAttachment } from '../shared/attachments/find-attachment.ts';
import { listAttachments } from '../shared/attachments/list-attachments.ts';
import { linkTo, viewAttachment } from '../shared/attachments/view-attachment.ts';
import type { ApiDependencies } from '../shared/dependencies.ts';
import type { AttachmentRecord } from '../shared/metadata/records.ts';
import { createAttachmentUpload } from '../shared/uploads/create-attachment-upload.ts';
import { digestRequest } from '../shared/uploads/idempotency.ts';
import { uploadAddress } from './upload-address.ts';

type AttachmentOperation = Extract<keyof Handlers<'api'>, `${string}Attachment${string}`>;

/** The operations about attachments. */
export function attachmentHandlers(dependencies: ApiDependencies): Pick<Handlers<'api'>, AttachmentOperation> {
  const { settings, linkSecret, clock } = dependencies;
  const linkMaker = async () => ({ settings, keys: await linkSecret(), now: clock() });
  const shown = async (file: AttachmentRecord) =>
    ({ status: 200, headers: { etag: `"${file.revision}"` }, body: viewAttachment(await linkMaker(), file) }) as const;

  return {
    async createAttachment({ body, principal, idempotencyKey: key }) {
      const target = ['attachments'];
      const idempotency = key === undefined ? undefined : digestRequest({ key, principal, target, request: body });
      const ticket = await createAttachmentUpload(dependencies, { principal, wish: body, idempotency });
      return { status: 201, headers: { location: uploadAddress(ticket.uploadId) }, body: ticket };
    },

    async listAttachments({ query, principal }) {
      const { files, nextCursor } = await listAttachments(dependencies, { principal, query });
      const maker = await linkMaker();
      const items = files.map((file) => viewAttachment(maker, file));
      return { status: 200, body: { items, ...(nextCursor !== undefined && { nextCursor }) } };
    },

    async getAttachment({ params, principal }) {
      return shown(await findAttachment(dependencies, { fileId: params.id, principal }));
    },

    async getAttachmentContent({ params, query, principal }) {
      const file = await findAttachment(dependencies, { fileId: params.id, principal });
      const { url } = linkTo(await linkMaker(), file, { variant: 'content', ...query });
      return { status: 302, headers: { location: url, 'cache-control': 'no-store' } };
    },

    async updateAttachment({ params, body: changes, principal, ifMatch }) {
      return shown(await changeAttachment(dependencies, { fileId: params.id, principal, changes, ifMatch }));
    },

    async deleteAttachment({ params, principal }) {
      await deleteAttachment(dependencies, { fileId: params.id, principal });
      return { status: 204 };
    },

    async getAttachmentUrls({ body, principal }) {
      const { ids: fileIds, expiresIn: lifetimeSeconds, disposition } = body;
      const items = await attachmentUrls(dependencies, { fileIds, principal, lifetimeSeconds, disposition });
      return { status: 200, body: { items } };
    },

    async deleteAttachments({ body, principal }) {
      return { status: 200, body: { items: await deleteAttachments(dependencies, { fileIds: body.ids, principal }) } };
    },
  };
}
