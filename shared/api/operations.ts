import * as z from 'zod/mini';
import type { EntityType } from '../storage/object-keys.ts';
import {
  Attachment,
  AttachmentChangeRequest,
  AttachmentListQuery,
  AttachmentPage,
  AttachmentParams,
  AttachmentUploadRequest,
  AttachmentUrls,
  AttachmentUrlsRequest,
  CompleteUploadRequest,
  ContentQuery,
  DeleteAttachmentsRequest,
  DeletedAttachments,
  MultipartPlan,
  PublicAttachmentQuery,
  SignedParts,
  SignPartsRequest,
  UploadedParts,
  Usage,
} from './attachment-schemas.ts';
import {
  AgentOwnerRequest,
  AgentParams,
  AvatarImageQuery,
  AvatarInfo,
  AvatarParams,
  AvatarsInfo,
  AvatarsInfoRequest,
  AvatarUploadRequest,
  Health,
  RenderRequest,
  Upload,
  UploadList,
  UploadListQuery,
  UploadParams,
  UploadTicket,
  WaitQuery,
} from './schemas.ts';

/** Where the API stands on its host. */
export const BASE_PATH = '/api/v1';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One address of an operation. `fixed` are parameters that the path itself tells. */
export interface Route {
  readonly path: string;
  readonly fixed?: { readonly entityType: EntityType };
}

/** A row of the contract. */
export interface Operation {
  readonly method: Method;
  readonly routes: readonly Route[];
  readonly summary: string;
  /** The function that answers it. `public-api` has no authorizer. */
  readonly group: 'public-api' | 'api';
  /** In words, for the documentation; shared/access/rules.ts decides. */
  readonly callers: string;
  readonly params?: z.ZodMiniType;
  readonly query?: z.ZodMiniType;
  readonly body?: z.ZodMiniType;
  /** Media types taken besides JSON, as bytes. */
  readonly bodyTypes?: readonly string[];
  /** Takes an Idempotency-Key. */
  readonly idempotent?: true;
  /** Takes If-Match with a revision. */
  readonly conditional?: true;
  /** Status -> JSON body, or what else is answered. */
  readonly answers: Readonly<Record<number, z.ZodMiniType | string>>;
}

const AVATAR_ROUTES = avatarRoutes('avatar');
const INFO_ROUTES = avatarRoutes('avatar/info');

function avatarRoutes(last: string): readonly Route[] {
  return (['users', 'agents'] as const).map((entityType) => ({
    path: `/${entityType}/{id}/${last}`,
    fixed: { entityType },
  }));
}

/**
 * The contract, and the only place where an address of the API is written: the routes of API Gateway and of the local
 * server, the dispatch inside the functions, docs/openapi.json and the types of handlers come from it.
 */
export const OPERATIONS = {
  createAvatarUpload: {
    method: 'POST',
    routes: AVATAR_ROUTES,
    summary: 'Ask for an upload ticket, or send a small picture in the request itself (multipart/form-data or raw)',
    group: 'api',
    callers: 'the user; admins and services of its organization; members, for agents',
    params: AvatarParams,
    body: AvatarUploadRequest,
    bodyTypes: ['multipart/form-data', 'image/*'],
    idempotent: true,
    answers: { 201: z.union([UploadTicket, AvatarInfo]), 202: Upload },
  },
  renderAvatar: {
    method: 'PATCH',
    routes: AVATAR_ROUTES,
    summary: 'Render the stored original again with another crop',
    group: 'api',
    callers: 'as for a ticket',
    params: AvatarParams,
    body: RenderRequest,
    answers: { 202: Upload },
  },
  getAvatarImage: {
    method: 'GET',
    routes: AVATAR_ROUTES,
    summary: 'The picture, or a placeholder: for <img>, from before there is a picture',
    group: 'public-api',
    callers: 'anyone',
    params: AvatarParams,
    query: AvatarImageQuery,
    answers: { 200: 'image/svg+xml', 302: 'the picture' },
  },
  getAvatarInfo: {
    method: 'GET',
    routes: INFO_ROUTES,
    summary: 'Addresses, sizes and state of an avatar',
    group: 'api',
    callers: 'the user and members; for others as if there were no picture',
    params: AvatarParams,
    answers: { 200: AvatarInfo },
  },
  deleteAvatar: {
    method: 'DELETE',
    routes: AVATAR_ROUTES,
    summary: 'Delete the avatar; every open upload of it is superseded',
    group: 'api',
    callers: 'as for a ticket',
    params: AvatarParams,
    answers: { 204: 'deleted, or there was none' },
  },
  getAvatarsInfo: {
    method: 'POST',
    routes: [{ path: '/avatars/info' }],
    summary: 'Avatar info of up to 100 users and agents, in the order asked',
    group: 'api',
    callers: 'members',
    body: AvatarsInfoRequest,
    answers: { 200: AvatarsInfo },
  },
  bindAgent: {
    method: 'PUT',
    routes: [{ path: '/agents/{id}/owner' }],
    summary: 'Bind an agent to an organization',
    group: 'api',
    callers: 'service',
    params: AgentParams,
    body: AgentOwnerRequest,
    answers: { 204: 'bound' },
  },
  listUploads: {
    method: 'GET',
    routes: [{ path: '/uploads' }],
    summary: "The caller's open uploads, the oldest first",
    group: 'api',
    callers: 'members',
    query: UploadListQuery,
    answers: { 200: UploadList },
  },
  getUpload: {
    method: 'GET',
    routes: [{ path: '/uploads/{uploadId}' }],
    summary: 'The state of an upload; waits up to 20 s for its end',
    group: 'api',
    callers: 'its creator, admins, service',
    params: UploadParams,
    query: WaitQuery,
    answers: { 200: Upload },
  },
  renewUploadTicket: {
    method: 'POST',
    routes: [{ path: '/uploads/{uploadId}/ticket' }],
    summary: 'The same upload, signed again',
    group: 'api',
    callers: 'its creator, admins, service',
    params: UploadParams,
    answers: { 200: z.union([UploadTicket, MultipartPlan]) },
  },
  signUploadParts: {
    method: 'POST',
    routes: [{ path: '/uploads/{uploadId}/parts' }],
    summary: 'Addresses for parts of a large file, each for exactly its bytes',
    group: 'api',
    callers: 'its creator, admins, service',
    params: UploadParams,
    body: SignPartsRequest,
    answers: { 200: SignedParts },
  },
  listUploadParts: {
    method: 'GET',
    routes: [{ path: '/uploads/{uploadId}/parts' }],
    summary: 'The parts that have arrived',
    group: 'api',
    callers: 'its creator, admins, service',
    params: UploadParams,
    answers: { 200: UploadedParts },
  },
  completeUpload: {
    method: 'POST',
    routes: [{ path: '/uploads/{uploadId}/complete' }],
    summary: 'Join the parts; repeating it is harmless',
    group: 'api',
    callers: 'its creator, admins, service',
    params: UploadParams,
    body: CompleteUploadRequest,
    answers: { 202: Upload },
  },
  abortUpload: {
    method: 'DELETE',
    routes: [{ path: '/uploads/{uploadId}' }],
    summary: 'Abort an upload, unless it is being processed',
    group: 'api',
    callers: 'its creator, admins, service',
    params: UploadParams,
    answers: { 204: 'aborted' },
  },
  createAttachment: {
    method: 'POST',
    routes: [{ path: '/attachments' }],
    summary: 'Ask for an upload ticket, or for the plan of a large file in parts',
    group: 'api',
    callers: 'members',
    body: AttachmentUploadRequest,
    idempotent: true,
    answers: { 201: z.union([UploadTicket, MultipartPlan]) },
  },
  listAttachments: {
    method: 'GET',
    routes: [{ path: '/attachments' }],
    summary: 'The attachments that the caller may see, newest first',
    group: 'api',
    callers: 'members',
    query: AttachmentListQuery,
    answers: { 200: AttachmentPage },
  },
  getAttachment: {
    method: 'GET',
    routes: [{ path: '/attachments/{id}' }],
    summary: 'What is known of an attachment, with links to its bytes',
    group: 'api',
    callers: 'members; if private its uploader, admins, service; of a draft its uploader',
    params: AttachmentParams,
    answers: { 200: Attachment },
  },
  getAttachmentContent: {
    method: 'GET',
    routes: [{ path: '/attachments/{id}/content' }],
    summary: 'The bytes, by a redirect to a link that needs no token',
    group: 'api',
    callers: 'as for the attachment',
    params: AttachmentParams,
    query: ContentQuery,
    answers: { 302: 'the link' },
  },
  updateAttachment: {
    method: 'PATCH',
    routes: [{ path: '/attachments/{id}' }],
    summary: 'Rename it, show it to others or fewer, claim the draft, describe it, replace its metadata',
    group: 'api',
    callers: 'its uploader, admins; of a draft its uploader',
    params: AttachmentParams,
    body: AttachmentChangeRequest,
    conditional: true,
    answers: { 200: Attachment },
  },
  deleteAttachment: {
    method: 'DELETE',
    routes: [{ path: '/attachments/{id}' }],
    summary: 'Delete it for everyone, at once',
    group: 'api',
    callers: 'its uploader, admins; of a draft its uploader',
    params: AttachmentParams,
    answers: { 204: 'deleted' },
  },
  getAttachmentUrls: {
    method: 'POST',
    routes: [{ path: '/attachments/urls' }],
    summary: 'Links to the bytes of up to 100 attachments',
    group: 'api',
    callers: 'as for each attachment',
    body: AttachmentUrlsRequest,
    answers: { 200: AttachmentUrls },
  },
  deleteAttachments: {
    method: 'POST',
    routes: [{ path: '/attachments/delete' }],
    summary: 'Delete up to 100 attachments, with a result for each',
    group: 'api',
    callers: 'as for each attachment',
    body: DeleteAttachmentsRequest,
    answers: { 200: DeletedAttachments },
  },
  getPublicAttachment: {
    method: 'GET',
    routes: [{ path: '/public/attachments/{id}' }],
    summary: 'The bytes of a public attachment, or by a signed link: for <img> and downloads',
    group: 'public-api',
    callers: 'anyone; if not public with a link',
    params: AttachmentParams,
    query: PublicAttachmentQuery,
    answers: { 302: 'the bytes' },
  },
  getUsage: {
    method: 'GET',
    routes: [{ path: '/usage' }],
    summary: 'What the organization uses, and what is free',
    group: 'api',
    callers: 'members',
    answers: { 200: Usage },
  },
  getHealth: {
    method: 'GET',
    routes: [{ path: '/health' }],
    summary: 'The process answers',
    group: 'public-api',
    callers: 'anyone',
    answers: { 200: Health },
  },
  getReadiness: {
    method: 'GET',
    routes: [{ path: '/health/ready' }],
    summary: 'Storage and metadata answer too',
    group: 'public-api',
    callers: 'anyone',
    answers: { 200: Health },
  },
  getOpenApi: {
    method: 'GET',
    routes: [{ path: '/openapi.json' }],
    summary: 'This contract as OpenAPI 3.1',
    group: 'public-api',
    callers: 'anyone',
    answers: { 200: 'application/json' },
  },
} as const satisfies Record<string, Operation>;

export type OperationId = keyof typeof OPERATIONS;
export type OperationGroup = Operation['group'];
/** The operations that one function answers. */
export type OperationsOf<G extends OperationGroup> = {
  [Id in OperationId]: (typeof OPERATIONS)[Id]['group'] extends G ? Id : never;
}[OperationId];
