import * as z from 'zod/mini';
import { VISIBILITIES } from '../metadata/records.ts';
import { MAX_LINK_SECONDS } from '../storage/link-window.ts';
import { Id, MediaType, named, Sha256, Timestamp, Url } from './schema-parts.ts';

/** What crosses the API about attachments, uploads in parts, and what an organization uses. */

/** Ids, links and parts that one request may ask for. */
const MAX_BATCH = 100;

/** Not `Id`: a malformed one is simply unknown. */
const FileId = z.string().check(z.maxLength(128));
const FileIds = z.array(FileId).check(z.minLength(1), z.maxLength(MAX_BATCH));
export const AttachmentParams = z.strictObject({ id: z.string() });

const Filename = z.string().check(z.minLength(1), z.maxLength(1024));
const VisibilityName = z.enum(VISIBILITIES);
const DispositionName = z.enum(['inline', 'attachment']);

/** The client's own words: at most 16, in 2 KB of JSON. */
const Metadata = z.record(z.string().check(z.minLength(1), z.maxLength(128)), z.string()).check(
  z.refine((metadata) => Object.keys(metadata).length <= 16, { error: 'at most 16 keys' }),
  z.refine((metadata) => Buffer.byteLength(JSON.stringify(metadata)) <= 2048, { error: 'at most 2 KB as JSON' }),
);

const MAX_DESCRIPTION = 1500;
const DESCRIPTION_ACCEPTS = `at most ${MAX_DESCRIPTION} characters`;

/**
 * The limit counts Unicode code points, as JSON Schema's `maxLength` does: an emoji of one code point counts once, a
 * family of four with its three joiners seven times. What is counted is the text as it was sent.
 */
const described = (description: string) =>
  z
    .string()
    .check(z.refine((text) => [...text].length <= MAX_DESCRIPTION, { error: DESCRIPTION_ACCEPTS }))
    .register(z.globalRegistry, { maxLength: MAX_DESCRIPTION, description });
const ALT_TEXT =
  'What it shows or says, for those who cannot see or hear it (alt text). Counted in Unicode code points.';

export const AttachmentUploadRequest = named(
  'AttachmentUploadRequest',
  z.strictObject({
    filename: Filename,
    contentType: MediaType,
    contentLength: z.int().check(z.gte(1)),
    visibility: VisibilityName,
    contextId: z.optional(Id),
    draft: z._default(z.boolean(), false),
    metadata: z.optional(Metadata),
    description: z.optional(described(ALT_TEXT)),
    checksumSha256: z.optional(Sha256),
    method: z._default(z.enum(['PUT', 'POST']), 'PUT'),
    keepMetadata: z._default(z.boolean(), false),
  }),
);

/** How a large file is sent: each part by an address of its own. */
export const MultipartPlan = named(
  'MultipartPlan',
  z.strictObject({
    uploadId: z.string(),
    key: z.string(),
    multipart: z.strictObject({ partSize: z.int(), partCount: z.int() }),
    contentLength: z.int(),
    expiresAt: Timestamp,
  }),
);
export type MultipartPlan = z.infer<typeof MultipartPlan>;

const PartNumber = z.int().check(z.gte(1), z.lte(10_000));

export const SignPartsRequest = named(
  'SignPartsRequest',
  z.strictObject({ partNumbers: z.array(PartNumber).check(z.minLength(1), z.maxLength(MAX_BATCH)) }),
);
export const SignedParts = named(
  'SignedParts',
  z.strictObject({
    parts: z.array(z.strictObject({ partNumber: z.int(), url: Url, contentLength: z.int(), expiresAt: Timestamp })),
  }),
);
export type SignedParts = z.infer<typeof SignedParts>;
export const UploadedParts = named(
  'UploadedParts',
  z.strictObject({ parts: z.array(z.strictObject({ partNumber: z.int(), etag: z.string(), size: z.int() })) }),
);
export const CompleteUploadRequest = named(
  'CompleteUploadRequest',
  z.strictObject({
    parts: z
      .array(z.strictObject({ partNumber: PartNumber, etag: z.string().check(z.minLength(1), z.maxLength(256)) }))
      .check(z.minLength(1), z.maxLength(10_000)),
  }),
);

const PreviewInfo = z.strictObject({ url: Url, width: z.int(), height: z.int() });

export const Attachment = named(
  'Attachment',
  z.strictObject({
    id: z.string(),
    filename: z.string(),
    /** What its bytes are, as far as can be told; and what they were called. */
    contentType: z.string(),
    declaredType: z.string(),
    size: z.int(),
    visibility: VisibilityName,
    contextId: z.optional(z.string()),
    draft: z.boolean(),
    metadata: z.optional(z.record(z.string(), z.string())),
    description: z.optional(z.string()),
    metadataStripped: z.boolean(),
    width: z.optional(z.int()),
    height: z.optional(z.int()),
    thumbHash: z.optional(z.string()),
    preview: z.optional(PreviewInfo),
    contentUrl: Url,
    createdAt: Timestamp,
    uploader: z.string(),
    revision: z.int(),
  }),
);
export type Attachment = z.infer<typeof Attachment>;

export const AttachmentListQuery = z.strictObject({
  cursor: z.optional(z.string()),
  limit: z._default(z.coerce.number().check(z.int(), z.gte(1), z.lte(100)), 50),
  contextId: z.optional(Id),
  uploader: z.optional(Id),
  /** The start of a media type: `image/`, `application/pdf`. */
  type: z.optional(
    z.string().check(z.regex(/^[\w!#$&^.+-]{1,64}(\/[\w!#$&^.+-]{0,64})?$/, { error: 'the start of a media type' })),
  ),
});
export type AttachmentListQuery = z.infer<typeof AttachmentListQuery>;

export const AttachmentPage = named(
  'AttachmentPage',
  z.strictObject({ items: z.array(Attachment), nextCursor: z.optional(z.string()) }),
);

export const AttachmentChangeRequest = named(
  'AttachmentChangeRequest',
  z
    .strictObject({
      filename: z.optional(Filename),
      visibility: z.optional(VisibilityName),
      draft: z.optional(z.literal(false, { error: 'false: what was sent is never a draft again' })),
      metadata: z.optional(Metadata),
      description: z.optional(described(`${ALT_TEXT} An empty or blank text removes it.`)),
    })
    .check(z.refine((changes) => Object.keys(changes).length > 0, { error: 'one change at least' })),
);

export const ContentQuery = z.strictObject({ disposition: z.optional(DispositionName) });

/** Of the links that this service signs; whatever else an address carries is no link. */
export const PublicAttachmentQuery = z.strictObject({
  variant: z._default(z.enum(['content', 'preview']), 'content'),
  disp: z._default(DispositionName, 'attachment'),
  exp: z.optional(z.string()),
  sig: z.optional(z.string()),
});
export type PublicAttachmentQuery = z.infer<typeof PublicAttachmentQuery>;

export const AttachmentUrlsRequest = named(
  'AttachmentUrlsRequest',
  z.strictObject({
    ids: FileIds,
    /** Seconds. */
    expiresIn: z.optional(z.int().check(z.gte(1), z.lte(MAX_LINK_SECONDS))),
    disposition: z.optional(DispositionName),
  }),
);
const Failed = z.strictObject({ id: z.string(), code: z.literal('not_found') });
export const AttachmentUrls = named(
  'AttachmentUrls',
  z.strictObject({
    items: z.array(
      z.union([
        z.strictObject({ id: z.string(), url: Url, previewUrl: z.optional(Url), expiresAt: z.optional(Timestamp) }),
        Failed,
      ]),
    ),
  }),
);
export type AttachmentUrls = z.infer<typeof AttachmentUrls>;

export const DeleteAttachmentsRequest = named('DeleteAttachmentsRequest', z.strictObject({ ids: FileIds }));
export const DeletedAttachments = named(
  'DeletedAttachments',
  z.strictObject({
    items: z.array(
      z.union([
        z.strictObject({ id: z.string(), deleted: z.literal(true) }),
        z.strictObject({ id: z.string(), code: z.enum(['not_found', 'forbidden', 'dependency_unavailable']) }),
      ]),
    ),
  }),
);
export type DeletedAttachments = z.infer<typeof DeletedAttachments>;

export const Usage = named(
  'Usage',
  z.strictObject({
    bytesUsed: z.int(),
    /** Below 0 when the limit was lowered under what is used. */
    bytesFree: z.int(),
    bytesLimit: z.int(),
    filesUsed: z.int(),
    filesFree: z.int(),
    filesLimit: z.int(),
    openUploads: z.int(),
  }),
);
export type Usage = z.infer<typeof Usage>;
