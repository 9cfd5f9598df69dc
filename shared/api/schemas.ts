import * as z from 'zod/mini';
import { REJECTION_CODES } from '../errors.ts';
import {
  PLACEHOLDER_STYLES,
  THUMBNAIL_FORMATS,
  THUMBNAIL_SIZES,
  type ThumbnailFormat,
  type ThumbnailSize,
} from '../images/formats.ts';
import { UPLOAD_STATUSES } from '../metadata/records.ts';
import { type AvatarRef, ENTITY_TYPES } from '../storage/object-keys.ts';
import { Attachment } from './attachment-schemas.ts';
import { Id, MediaType, named, Sha256, Timestamp, Url } from './schema-parts.ts';

/** The values that cross the API. Registered ones are named components in docs/openapi.json. */

const SIZES = Object.keys(THUMBNAIL_SIZES) as [ThumbnailSize, ...ThumbnailSize[]];
const FORMATS = Object.keys(THUMBNAIL_FORMATS) as [ThumbnailFormat, ...ThumbnailFormat[]];

const EntityTypeName = z.enum(ENTITY_TYPES);
const Fraction = z.number().check(z.gte(0), z.lte(1));

const CropBody = named('Crop', z.strictObject({ x: Fraction, y: Fraction, size: z.number().check(z.gt(0), z.lte(1)) }));

export const AvatarParams = z.pipe(
  z.strictObject({ entityType: EntityTypeName, id: Id }),
  z.transform(({ entityType, id }): AvatarRef => ({ entityType, entityId: id })),
);
export const AgentParams = z.strictObject({ id: Id });
/** Not `Id`: a malformed upload id is simply unknown. */
export const UploadParams = z.strictObject({ uploadId: z.string() });

export const AvatarUploadRequest = named(
  'AvatarUploadRequest',
  z.strictObject({
    contentType: MediaType,
    contentLength: z.int().check(z.gte(1)),
    checksumSha256: z.optional(Sha256),
    method: z._default(z.enum(['PUT', 'POST']), 'PUT'),
    crop: z.optional(CropBody),
  }),
);

export const RenderRequest = named('RenderRequest', z.strictObject({ crop: CropBody }));
export const AgentOwnerRequest = named('AgentOwnerRequest', z.strictObject({ organizationId: Id }));

export const AvatarsInfoRequest = named(
  'AvatarsInfoRequest',
  z
    .strictObject({ users: z._default(z.array(Id), []), agents: z._default(z.array(Id), []) })
    .check(z.refine(({ users, agents }) => users.length + agents.length <= 100, { error: 'at most 100 ids in all' })),
);

export const AvatarImageQuery = z.strictObject({
  size: z._default(z.enum(SIZES), 'medium'),
  format: z._default(z.enum(FORMATS), 'webp'),
  fallback: z._default(z.enum([...PLACEHOLDER_STYLES, '404']), 'identicon'),
  /** For initials; any script. */
  name: z.optional(z.string().check(z.maxLength(64))),
  /** Tells versions apart for caches; not looked at. */
  v: z.optional(z.string().check(z.maxLength(64))),
});

export const WaitQuery = z.strictObject({
  wait: z._default(z.coerce.number().check(z.int(), z.gte(0), z.lte(20)), 0),
});

/** IETF draft-ietf-httpapi-idempotency-key-header: an opaque string of the client's. */
export const IdempotencyKey = z
  .string()
  .check(z.regex(/^[\x21-\x7e]{1,255}$/, { error: '1 to 255 visible ASCII characters' }));

/** The ETag of an attachment, as If-Match carries it. */
export const Revision = z.pipe(
  z.string().check(z.regex(/^("\d{1,15}"|\*)$/, { error: 'the ETag of the attachment, as "3", or *' })),
  z.transform((eTag) => (eTag === '*' ? undefined : Number(eTag.slice(1, -1)))),
);

export const UploadTicket = named(
  'UploadTicket',
  z.strictObject({
    uploadId: z.string(),
    key: z.string(),
    method: z.enum(['PUT', 'POST']),
    url: Url,
    headers: z.optional(z.record(z.string(), z.string())),
    fields: z.optional(z.record(z.string(), z.string())),
    contentLength: z.int(),
    expiresAt: Timestamp,
  }),
);
export type UploadTicket = z.infer<typeof UploadTicket>;

const SizeInfo = z.strictObject({
  url: Url,
  width: z.int(),
  height: z.int(),
  bytes: z.int(),
  contentType: z.string(),
});

const UploadState = z.strictObject({
  uploadId: z.string(),
  status: z.enum(UPLOAD_STATUSES),
  code: z.optional(z.enum(REJECTION_CODES)),
});

export const AvatarInfo = named(
  'AvatarInfo',
  z.strictObject({
    entityType: EntityTypeName,
    entityId: z.string(),
    hasCustomAvatar: z.boolean(),
    /** The medium WebP, or the address of the fallback picture. */
    avatarUrl: Url,
    sizes: z.optional(z.strictObject(Object.fromEntries(SIZES.map((size) => [size, SizeInfo])) as SizeShapes)),
    thumbHash: z.optional(z.string()),
    updatedAt: z.optional(Timestamp),
    /** The newest upload, unless it is the one that is published. */
    upload: z.optional(UploadState),
    avatar_url: Url,
    has_custom_avatar: z.boolean(),
  }),
);
export type AvatarInfo = z.infer<typeof AvatarInfo>;
type SizeShapes = Record<ThumbnailSize, typeof SizeInfo>;

export const AvatarsInfo = named(
  'AvatarsInfo',
  z.strictObject({ users: z.array(AvatarInfo), agents: z.array(AvatarInfo) }),
);

export const Upload = named(
  'Upload',
  z.strictObject({
    uploadId: z.string(),
    kind: z.enum(['avatar', 'render', 'attachment']),
    status: z.enum(UPLOAD_STATUSES),
    createdAt: Timestamp,
    /** Until when the ticket's URL works; only while bytes are expected. */
    expiresAt: z.optional(Timestamp),
    code: z.optional(z.enum(REJECTION_CODES)),
    /** What a person can do about `code`. */
    remedy: z.optional(z.string()),
    avatar: z.optional(AvatarInfo),
    attachment: z.optional(Attachment),
  }),
);
export type Upload = z.infer<typeof Upload>;

export const UploadListQuery = z.strictObject({ status: z.literal('open') });

export const UploadList = named('UploadList', z.strictObject({ items: z.array(Upload) }));

export const Health = named('Health', z.strictObject({ status: z.enum(['ok', 'ready']) }));

/** RFC 9457. */
export const Problem = named(
  'Problem',
  z.looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    requestId: z.string(),
    field: z.optional(z.string()),
    accepted: z.optional(z.string()),
    errors: z.optional(z.array(z.strictObject({ field: z.string(), accepted: z.string() }))),
  }),
);
