import type { Principal } from '../access/principal.ts';
import type { SentBytes } from '../api/dispatch.ts';
import type { AvatarInfo } from '../api/schemas.ts';
import { describeAvatar } from '../avatars/avatar-info.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ObjectExistsError, RequestRefusedError } from '../errors.ts';
import type { UploadRecord } from '../metadata/records.ts';
import type { AvatarRef } from '../storage/object-keys.ts';
import { createAvatarUpload } from './create-upload-ticket.ts';
import { avatarTarget, digestRequest } from './idempotency.ts';
import { waitForEnd } from './upload-status.ts';

/** Lambda takes 6 MB of request after base64, so 4 MiB of picture is what can be promised. */
const LEGACY_MAX_BYTES = 4 * 1024 * 1024;
const WAIT_SECONDS = 20;

export interface LegacyUploadInput {
  readonly avatar: AvatarRef;
  readonly principal: Principal;
  readonly sent: SentBytes;
  readonly idempotencyKey: string | undefined;
}

/**
 * Takes a picture in the request itself, as the API before this one did: a form with one file, or the raw bytes. They go
 * the way of every other upload; the answer waits for its end.
 * @throws RequestRefusedError; also for a picture that was rejected, with the rejection's code.
 */
export async function uploadFromRequest(
  dependencies: ApiDependencies,
  { avatar, principal, sent, idempotencyKey }: LegacyUploadInput,
): Promise<{ readonly upload: UploadRecord; readonly info?: AvatarInfo }> {
  const { storage, metadata, clock } = dependencies;
  const { contentType, bytes } = await fileOf(sent);
  const wish = { contentType, contentLength: bytes.length, method: 'PUT' as const };
  const { uploadId, key } = await createAvatarUpload(dependencies, {
    avatar,
    principal,
    wish,
    ...(idempotencyKey !== undefined && {
      idempotency: digestRequest({
        key: idempotencyKey,
        principal,
        target: avatarTarget(avatar),
        request: wish,
        bytes,
      }),
    }),
  });
  try {
    await storage.uploadFile({ key, body: bytes, contentType, ifNoneMatch: '*' });
  } catch (error) {
    // Existing: the same request repeated, its bytes are there already. Otherwise nothing will come, so nothing is kept.
    if (!(error instanceof ObjectExistsError)) {
      await metadata.abortUpload({ uploadId, now: clock() });
      throw error;
    }
  }
  const pending = await metadata.getUpload({ uploadId });
  if (!pending) throw new RequestRefusedError('not_found', 'nothing here');
  const upload = await waitForEnd(dependencies, { upload: pending, seconds: WAIT_SECONDS });
  if (upload.status === 'rejected' && upload.code) {
    throw new RequestRefusedError(upload.code, 'the picture was rejected', { field: 'file', extensions: { uploadId } });
  }
  if (upload.status !== 'ready') return { upload };
  return { upload, info: await describeAvatar(dependencies, avatar, await metadata.getAvatar(avatar)) };
}

/** The first file of a form, or the body itself (RFC 7578; RFC 9110, 8.3). */
async function fileOf({ contentType, bytes }: SentBytes): Promise<SentBytes> {
  if (bytes.length > LEGACY_MAX_BYTES) {
    throw new RequestRefusedError('file_too_large', `${bytes.length} bytes are too many for one request`, {
      field: 'body',
      accepted: `at most ${LEGACY_MAX_BYTES} bytes; ask for an upload ticket for more`,
    });
  }
  if (!/^multipart\/form-data/i.test(contentType)) {
    if (bytes.length === 0) throw noFile();
    return { contentType: contentType.split(';')[0]?.trim().toLowerCase() ?? '', bytes };
  }
  const form = await new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { 'content-type': contentType } })
    .formData()
    .catch(() => undefined);
  const file = [...(form?.values() ?? [])].find((value) => value instanceof File);
  if (!file || file.size === 0) throw noFile();
  return { contentType: file.type.toLowerCase(), bytes: new Uint8Array(await file.arrayBuffer()) };
}

function noFile(): RequestRefusedError {
  return new RequestRefusedError('malformed_body', 'the request holds no picture', {
    field: 'file',
    accepted: 'a multipart form with one file that is not empty, or the bytes of a picture',
  });
}
