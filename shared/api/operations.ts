import * as z from 'zod/mini';
import type { EntityType } from '../storage/object-keys.ts';
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
    summary: 'Render the kept original again with another crop',
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
    summary: 'Delete the avatar, and outrun every open upload of it',
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
    answers: { 200: UploadTicket },
  },
  abortUpload: {
    method: 'DELETE',
    routes: [{ path: '/uploads/{uploadId}' }],
    summary: 'Give up an upload whose bytes have not arrived',
    group: 'api',
    callers: 'its creator, admins, service',
    params: UploadParams,
    answers: { 204: 'aborted' },
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

/** API Gateway's name of a route: `GET /api/v1/users/{id}/avatar`. */
export type RouteKey = `${Method} ${string}`;

export interface RouteEntry {
  readonly routeKey: RouteKey;
  readonly operationId: OperationId;
  readonly operation: Operation;
  readonly route: Route;
  /** With the base path: `/api/v1/users/{id}/avatar`. */
  readonly path: string;
}

/** Every route of the contract. */
export const ROUTES: readonly RouteEntry[] = (Object.entries(OPERATIONS) as [OperationId, Operation][]).flatMap(
  ([operationId, operation]) =>
    operation.routes.map((route) => {
      const path = `${BASE_PATH}${route.path}`;
      return { routeKey: `${operation.method} ${path}` as const, operationId, operation, route, path };
    }),
);

const BY_ROUTE_KEY = new Map<string, RouteEntry>(ROUTES.map((entry) => [entry.routeKey, entry]));

/** The route of an API Gateway event's `routeKey`; undefined for `$default`. */
export function routeOf(routeKey: string): RouteEntry | undefined {
  return BY_ROUTE_KEY.get(routeKey);
}

/**
 * The routes whose path fits a request's raw path, with the path parameters decoded. Empty for an unknown path. A
 * parameter is one segment that is not empty; a malformed escape fits nothing.
 */
export function routesAt(rawPath: string): { entry: RouteEntry; pathParameters: Record<string, string> }[] {
  const segments = rawPath.split('/');
  return ROUTES.flatMap((entry) => {
    const pathParameters = matchSegments(entry.path.split('/'), segments);
    return pathParameters ? [{ entry, pathParameters }] : [];
  });
}

function matchSegments(template: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (template.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of template.entries()) {
    const segment = segments[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) {
      if (part !== segment) return undefined;
      continue;
    }
    const value = decodeSegment(segment);
    if (value === undefined || value === '') return undefined;
    parameters[name] = value;
  }
  return parameters;
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
