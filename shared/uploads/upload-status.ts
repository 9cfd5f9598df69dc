import type { Principal } from '../access/principal.ts';
import { mayReadAttachment, mayUseUpload } from '../access/rules.ts';
import { PROBLEMS } from '../api/problems.ts';
import type { Upload } from '../api/schemas.ts';
import { viewAttachment } from '../attachments/view-attachment.ts';
import { describeAvatar } from '../avatars/avatar-info.ts';
import type { ApiDependencies, Dependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import { isTerminal, type UploadRecord } from '../metadata/records.ts';
import { noteSentBytes } from './open-uploads.ts';

/** Milliseconds between two looks of a long poll: short at first, because most images take less than a second. */
const FIRST_LOOK = 100;
const LONGEST_LOOK = 1000;
/** An upload that is still pending after this has perhaps lost its event: its bytes are looked for, once. */
const LOST_EVENT_MILLISECONDS = 3000;

/**
 * The record of an upload that the caller may see.
 * @throws RequestRefusedError `not_found`, the same for unknown and foreign ids.
 */
export async function findUpload(
  { metadata }: Pick<Dependencies, 'metadata'>,
  { uploadId, principal, action }: { uploadId: string; principal: Principal; action: 'upload.read' | 'upload.write' },
): Promise<UploadRecord> {
  const upload = await metadata.getUpload({ uploadId });
  if (upload && mayUseUpload(action, principal, upload)) return upload;
  throw new RequestRefusedError('not_found', 'nothing here');
}

/** Follows an upload until it has ended or the time is over, whichever comes first. */
export async function waitForEnd(
  dependencies: Pick<Dependencies, 'metadata' | 'storage' | 'queues' | 'sleep' | 'clock' | 'log'>,
  { upload, seconds }: { readonly upload: UploadRecord; readonly seconds: number },
): Promise<UploadRecord> {
  const { metadata, sleep, clock } = dependencies;
  const start = clock().getTime();
  let looksForBytes = true;
  let current = upload;
  for (let pause = FIRST_LOOK; !isTerminal(current.status); pause = Math.min(LONGEST_LOOK, pause * 1.5)) {
    const waited = clock().getTime() - start;
    const left = seconds * 1000 - waited;
    if (left <= 0) break;
    if (looksForBytes && waited >= LOST_EVENT_MILLISECONDS) {
      looksForBytes = false;
      await noteSentBytes(dependencies, current);
    }
    await sleep(Math.min(pause, left));
    current = (await metadata.getUpload({ uploadId: upload.uploadId })) ?? current;
  }
  return current;
}

/** An upload as the API describes it; once it is ready, with what it became. */
export async function viewUpload(
  dependencies: ApiDependencies,
  { upload, principal }: { readonly upload: UploadRecord; readonly principal: Principal },
): Promise<Upload> {
  const { uploadId, kind, status, createdAt, code } = upload;
  const result = status === 'ready' ? await resultOf(dependencies, { upload, principal }) : undefined;
  return {
    uploadId,
    kind,
    status,
    createdAt,
    ...(upload.kind !== 'render' && status === 'pending' && { expiresAt: upload.urlExpiresAt }),
    ...(code && { code, remedy: PROBLEMS[code].remedy }),
    ...result,
  };
}

/**
 * What became of it; nothing once an attachment is deleted again, and to those who may follow the upload but not see the
 * attachment: admins and services of a draft, the uploader from another organization.
 */
async function resultOf(
  dependencies: ApiDependencies,
  { upload, principal }: { readonly upload: UploadRecord; readonly principal: Principal },
): Promise<Pick<Upload, 'avatar' | 'attachment'>> {
  const { metadata, settings, linkSecret, clock } = dependencies;
  if (upload.kind !== 'attachment') {
    return { avatar: await describeAvatar(dependencies, upload.avatar, await metadata.getAvatar(upload.avatar)) };
  }
  const file = await metadata.getAttachment({ fileId: upload.uploadId });
  if (file?.status !== 'ready' || !mayReadAttachment(principal, file)) return {};
  return { attachment: viewAttachment({ settings, keys: await linkSecret(), now: clock() }, file) };
}
