import type { Principal } from '../shared/access/principal.ts';
import { mayBindAgents } from '../shared/access/rules.ts';
import { createDispatcher, type Handlers, isSentBytes } from '../shared/api/dispatch.ts';
import { getAvatarInfo, getAvatarsInfo } from '../shared/avatars/avatar-info.ts';
import { deleteAvatar } from '../shared/avatars/delete-avatar.ts';
import type { ApiDependencies } from '../shared/dependencies.ts';
import { RequestRefusedError } from '../shared/errors.ts';
import { isTerminal, type UploadRecord } from '../shared/metadata/records.ts';
import { usageOf } from '../shared/organizations/usage.ts';
import type { AvatarRef, EntityType } from '../shared/storage/object-keys.ts';
import { abortUpload } from '../shared/uploads/abort-upload.ts';
import { createAvatarUploadTicket } from '../shared/uploads/create-upload-ticket.ts';
import { avatarTarget, digestRequest } from '../shared/uploads/idempotency.ts';
import { uploadFromRequest } from '../shared/uploads/legacy-upload.ts';
import { completeUpload, listParts, signParts } from '../shared/uploads/multipart.ts';
import { listOpenUploads, supersedeDeleted } from '../shared/uploads/open-uploads.ts';
import { renderAvatar } from '../shared/uploads/render-avatar.ts';
import { findUpload, viewUpload, waitForEnd } from '../shared/uploads/upload-status.ts';
import { renewUploadTicket } from '../shared/uploads/upload-ticket.ts';
import { attachmentHandlers } from './attachments.ts';
import { type HttpHandler, httpPipeline } from './middleware.ts';
import { uploadAddress } from './upload-address.ts';

/** Seconds after which a client that polls should look again. */
const POLL_SECONDS = 1;

/** The operations that need a token. */
export function createApiHandler(dependencies: ApiDependencies): HttpHandler {
  const { metadata, settings, log } = dependencies;
  const handlers: Handlers<'api'> = {
    async createAvatarUpload({ params: avatar, body, principal, idempotencyKey: key }) {
      if (isSentBytes(body)) {
        const sent = { avatar, principal, sent: body, idempotencyKey: key };
        const { upload, info } = await uploadFromRequest(dependencies, sent);
        return info ? { status: 201, body: info } : acceptedUpload(dependencies, { upload, principal });
      }
      const target = avatarTarget(avatar);
      const idempotency = key === undefined ? undefined : digestRequest({ key, principal, target, request: body });
      const ticket = await createAvatarUploadTicket(dependencies, { avatar, principal, wish: body, idempotency });
      return { status: 201, headers: { location: uploadAddress(ticket.uploadId) }, body: ticket };
    },

    async renderAvatar({ params: avatar, body, principal }) {
      const { uploadId } = await renderAvatar(dependencies, { avatar, principal, crop: body.crop });
      const upload = await findUpload(dependencies, { uploadId, principal, action: 'upload.read' });
      return acceptedUpload(dependencies, { upload, principal });
    },

    async getAvatarInfo({ params: avatar, principal }) {
      return { status: 200, body: await getAvatarInfo(dependencies, { avatar, principal }) };
    },

    async deleteAvatar({ params: avatar, principal }) {
      const deletedGeneration = await deleteAvatar(dependencies, { avatar, principal });
      if (deletedGeneration !== undefined) {
        await supersedeDeleted(dependencies, { avatar, principal, deletedGeneration });
      }
      return { status: 204 };
    },

    async getAvatarsInfo({ body, principal }) {
      const refs = (entityType: EntityType): AvatarRef[] =>
        body[entityType].map((entityId) => ({ entityType, entityId }));
      const avatars = [...refs('users'), ...refs('agents')];
      const infos = await getAvatarsInfo(dependencies, { avatars, principal });
      return {
        status: 200,
        body: { users: infos.slice(0, body.users.length), agents: infos.slice(body.users.length) },
      };
    },

    async bindAgent({ params, body, principal }) {
      if (!mayBindAgents(principal)) throw new RequestRefusedError('forbidden', 'only a service may bind agents');
      const bound = await metadata.bindAgent({ agentId: params.id, organizationId: body.organizationId });
      if (bound === 'conflict') throw new RequestRefusedError('agent_bound', 'the agent is bound already');
      return { status: 204 };
    },

    async listUploads({ principal }) {
      const uploads = await listOpenUploads(dependencies, principal);
      const items = uploads.map((upload) => viewUpload(dependencies, { upload, principal }));
      return { status: 200, body: { items: await Promise.all(items) } };
    },

    async getUpload({ params, query, principal }) {
      const { uploadId } = params;
      const found = await findUpload(dependencies, { uploadId, principal, action: 'upload.read' });
      const upload = await waitForEnd(dependencies, { upload: found, seconds: query.wait });
      const headers = isTerminal(upload.status) ? {} : { 'retry-after': String(POLL_SECONDS) };
      return { status: 200, headers, body: await viewUpload(dependencies, { upload, principal }) };
    },

    async renewUploadTicket({ params, principal }) {
      const { uploadId } = await findUpload(dependencies, { ...params, principal, action: 'upload.write' });
      return { status: 200, body: await renewUploadTicket(dependencies, uploadId) };
    },

    async signUploadParts({ params, body, principal }) {
      const upload = await findUpload(dependencies, { ...params, principal, action: 'upload.write' });
      return { status: 200, body: await signParts(dependencies, { upload, ...body }) };
    },

    async listUploadParts({ params, principal }) {
      const upload = await findUpload(dependencies, { ...params, principal, action: 'upload.write' });
      const parts = await listParts(dependencies, upload);
      return {
        status: 200,
        body: { parts: parts.map(({ partNumber, eTag, size }) => ({ partNumber, etag: eTag, size })) },
      };
    },

    async completeUpload({ params, body, principal }) {
      const { uploadId } = params;
      const upload = await findUpload(dependencies, { uploadId, principal, action: 'upload.write' });
      // As it stands in the answer to a PUT, an ETag has quotes; the storage's own have none.
      const parts = body.parts.map(({ partNumber, etag }) => ({ partNumber, eTag: etag.replaceAll('"', '') }));
      await completeUpload(dependencies, { upload, parts });
      const completed = await findUpload(dependencies, { uploadId, principal, action: 'upload.read' });
      return acceptedUpload(dependencies, { upload: completed, principal });
    },

    async abortUpload({ params, principal }) {
      const { uploadId } = await findUpload(dependencies, { ...params, principal, action: 'upload.write' });
      await abortUpload(dependencies, { uploadId });
      return { status: 204 };
    },

    ...attachmentHandlers(dependencies),

    async getUsage({ principal }) {
      return { status: 200, body: await usageOf(dependencies, principal) };
    },
  };
  return httpPipeline(log, createDispatcher({ group: 'api', handlers, claimNames: settings.claimNames }));
}

async function acceptedUpload(
  dependencies: ApiDependencies,
  { upload, principal }: { readonly upload: UploadRecord; readonly principal: Principal },
) {
  const headers = { location: uploadAddress(upload.uploadId), 'retry-after': String(POLL_SECONDS) };
  return { status: 202, headers, body: await viewUpload(dependencies, { upload, principal }) } as const;
}
