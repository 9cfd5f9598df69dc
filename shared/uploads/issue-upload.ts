import type { ApiDependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import type { AvatarAccess } from '../metadata/record-access.ts';
import { type UploadRecord, waitsForBytes } from '../metadata/records.ts';
import type {
  IssueAttachmentUploadInput,
  IssueAvatarUploadInput,
  IssueUploadOutcome,
} from '../metadata/transitions/issue-upload.ts';
import { freePendingUploads } from './open-uploads.ts';

/** A throttled client waits this long; the switch is seen everywhere after 10 s. */
const PAUSED_RETRY_SECONDS = 60;
/** Uploads that were sent are finished within seconds, unless something fails. */
const SENT_RETRY_SECONDS = 30;
/** Sent uploads that a refusal names, the oldest first. */
const NAMED = 20;

export type IssueInput = Omit<IssueAvatarUploadInput, 'limits'> | Omit<IssueAttachmentUploadInput, 'limits'>;

export interface Issued {
  readonly uploadId: string;
  /** The same request was answered before, with this upload. */
  readonly replayed: boolean;
}

/**
 * The access that a caller has to an avatar's record.
 * @throws RequestRefusedError `not_found` where no record could give it any.
 */
export function requireAccess(access: AvatarAccess | undefined): AvatarAccess {
  if (!access) throw new RequestRefusedError('not_found', 'nothing here');
  return access;
}

/**
 * Issues an upload under the configured limits, unless uploads are paused. At the cap on pending uploads it frees what
 * can be freed, and tries once more.
 * @throws RequestRefusedError for every outcome but issued and replayed.
 */
export async function issueUpload(dependencies: ApiDependencies, input: IssueInput): Promise<Issued> {
  const { metadata, switches } = dependencies;
  const { uploadsPaused, reason } = await switches();
  if (uploadsPaused) {
    throw new RequestRefusedError('uploads_paused', reason ?? 'uploads are paused', {
      retryAfterSeconds: PAUSED_RETRY_SECONDS,
    });
  }
  const limits = limitsOf(dependencies);
  const issue = { ...input, limits };
  let result = await metadata.issueUpload(issue);
  if (result.outcome === 'too_many_open' && result.cap === 'pending') {
    const { isFree, pending } = await freePendingUploads(dependencies, await askedBy(dependencies, input));
    if (!isFree) throw tooManyPending(pending, input.now);
    result = await metadata.issueUpload(issue);
  }
  if (result.outcome === 'too_many_open') throw await tooManySent(dependencies, input);
  if (result.outcome === 'issued') return { replayed: false, uploadId: result.upload.uploadId };
  if (result.outcome === 'replayed') return { replayed: true, uploadId: result.uploadId };
  throw refusalOf(result);
}

function limitsOf({ settings }: ApiDependencies) {
  return {
    organizationBytes: settings.organizationBytes,
    organizationFiles: settings.organizationFiles,
    pendingUploads: settings.openUploadsPerUser,
    sentUploads: settings.sentUploadsPerUser,
  };
}

/** Whose open uploads count: an avatar's are counted in the organization that it is bound to. */
async function askedBy({ metadata }: ApiDependencies, input: IssueInput) {
  const { ownerId } = input.upload;
  if (!input.access) return { organizationId: input.organizationId, ownerId };
  const { avatar } = input.upload;
  const organizationId = (await metadata.getAvatar(avatar))?.organizationId ?? input.access.organizationId;
  return { organizationId, ownerId, avatar };
}

/** Retry-After is honest: the first whole second at which one of the tickets has expired. */
function tooManyPending(pending: readonly UploadRecord[], now: Date): RequestRefusedError {
  const ends = pending.flatMap((upload) => ('acceptUntil' in upload ? [Date.parse(upload.acceptUntil)] : []));
  const wait = Math.max(1, Math.floor((Math.min(...ends) - now.getTime()) / 1000) + 1);
  return new RequestRefusedError('too_many_open', `${pending.length} uploads wait for their bytes`, {
    ...(ends.length > 0 && { retryAfterSeconds: wait }),
    extensions: { uploadIds: pending.map(({ uploadId }) => uploadId) },
  });
}

async function tooManySent(dependencies: ApiDependencies, input: IssueInput): Promise<RequestRefusedError> {
  const open = await dependencies.metadata.openUploads(await askedBy(dependencies, input));
  const sent = open.filter((upload) => !waitsForBytes(upload));
  return new RequestRefusedError('too_many_open', `${sent.length} sent uploads are not finished`, {
    retryAfterSeconds: SENT_RETRY_SECONDS,
    extensions: { uploadIds: sent.slice(0, NAMED).map(({ uploadId }) => uploadId) },
  });
}

type Refusal = Exclude<IssueUploadOutcome, { outcome: 'issued' | 'replayed' | 'too_many_open' }>;

function refusalOf(refused: Refusal): RequestRefusedError {
  switch (refused.outcome) {
    case 'not_allowed':
    case 'nothing_to_render':
      return new RequestRefusedError('not_found', 'nothing here');
    case 'request_differs':
      return new RequestRefusedError('idempotency_key_reused', 'this key was used for another request', {
        field: 'Idempotency-Key',
        accepted: 'a new key for a new request, or the same request',
      });
    case 'organization_closed':
      return new RequestRefusedError('organization_closed', `the organization is ${refused.state}`);
    case 'upload_in_progress':
      return new RequestRefusedError('upload_in_progress', 'a newer image is being uploaded', {
        extensions: { uploadId: refused.uploadId },
      });
    case 'quota_exceeded':
      return new RequestRefusedError('quota_exceeded', 'the organization has no room for this', {
        field: 'contentLength',
        accepted: `at most ${Math.max(0, refused.bytesFree)} bytes, with ${Math.max(0, refused.filesFree)} files free`,
        extensions: { bytesFree: refused.bytesFree, filesFree: refused.filesFree },
      });
  }
}
