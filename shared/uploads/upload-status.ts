import type { Principal } from '../access/principal.ts';
import { mayUseUpload } from '../access/rules.ts';
import { PROBLEMS } from '../api/problems.ts';
import type { AvatarInfo, Upload } from '../api/schemas.ts';
import { describeAvatar } from '../avatars/avatar-info.ts';
import type { ApiDependencies, Dependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import { isTerminal, type UploadRecord } from '../metadata/records.ts';

/** Milliseconds between two looks of a long poll: short at first, because most pictures take less than a second. */
const FIRST_LOOK = 100;
const LONGEST_LOOK = 1000;

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
  { metadata, sleep, clock }: Pick<Dependencies, 'metadata' | 'sleep' | 'clock'>,
  { upload, seconds }: { readonly upload: UploadRecord; readonly seconds: number },
): Promise<UploadRecord> {
  const until = clock().getTime() + seconds * 1000;
  let current = upload;
  for (let pause = FIRST_LOOK; !isTerminal(current.status); pause = Math.min(LONGEST_LOOK, pause * 1.5)) {
    const left = until - clock().getTime();
    if (left <= 0) break;
    await sleep(Math.min(pause, left));
    current = (await metadata.getUpload({ uploadId: upload.uploadId })) ?? current;
  }
  return current;
}

/** What the API says of an upload; with the avatar's info once it is ready. */
export async function viewUpload(dependencies: ApiDependencies, upload: UploadRecord): Promise<Upload> {
  const { uploadId, kind, status, createdAt, code } = upload;
  const avatar = status === 'ready' ? await avatarOf(dependencies, upload) : undefined;
  return {
    uploadId,
    kind,
    status,
    createdAt,
    ...(upload.kind === 'avatar' && status === 'pending' && { expiresAt: upload.urlExpiresAt }),
    ...(code && { code, remedy: PROBLEMS[code].remedy }),
    ...(avatar && { avatar }),
  };
}

async function avatarOf(dependencies: ApiDependencies, { avatar }: UploadRecord): Promise<AvatarInfo> {
  return describeAvatar(dependencies, avatar, await dependencies.metadata.getAvatar(avatar));
}
