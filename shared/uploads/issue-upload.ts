import type { ApiDependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import type { AvatarAccess } from '../metadata/record-access.ts';
import type {
  IssueAttachmentUploadInput,
  IssueAvatarUploadInput,
  IssueUploadOutcome,
} from '../metadata/upload-store.ts';

/** A throttled client waits this long; the switch is seen everywhere after 10 s. */
const PAUSED_RETRY_SECONDS = 60;
const TOO_MANY_RETRY_SECONDS = 30;

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
 * Issues an upload under the configured limits, unless uploads are paused.
 * @throws RequestRefusedError for every outcome but issued and replayed.
 */
export async function issueUpload(
  { metadata, switches, settings }: ApiDependencies,
  input: IssueInput,
): Promise<Issued> {
  const { uploadsPaused, reason } = await switches();
  if (uploadsPaused) {
    throw new RequestRefusedError('uploads_paused', reason ?? 'uploads are paused', {
      retryAfterSeconds: PAUSED_RETRY_SECONDS,
    });
  }
  const result = await metadata.issueUpload({
    ...input,
    limits: {
      organizationBytes: settings.organizationBytes,
      organizationFiles: settings.organizationFiles,
      openUploadsPerOwner: settings.openUploadsPerUser,
    },
  });
  if (result.outcome === 'issued') return { replayed: false, uploadId: result.upload.uploadId };
  if (result.outcome === 'replayed') return { replayed: true, uploadId: result.uploadId };
  throw refusalOf(result);
}

type Refusal = Exclude<IssueUploadOutcome, { outcome: 'issued' | 'replayed' }>;

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
      return new RequestRefusedError('upload_in_progress', 'a newer picture is on its way', {
        extensions: { uploadId: refused.uploadId },
      });
    case 'too_many_open':
      return new RequestRefusedError('too_many_open', `${refused.openUploads} uploads are open`, {
        retryAfterSeconds: TOO_MANY_RETRY_SECONDS,
      });
    case 'quota_exceeded':
      return new RequestRefusedError('quota_exceeded', 'the organization has no room for this', {
        field: 'contentLength',
        accepted: `at most ${Math.max(0, refused.bytesFree)} bytes, with ${Math.max(0, refused.filesFree)} files free`,
        extensions: { bytesFree: refused.bytesFree, filesFree: refused.filesFree },
      });
  }
}
