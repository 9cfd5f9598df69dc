import type { Principal } from '../access/principal.ts';
import { avatarWriteAccess } from '../access/rules.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import { isCropInside } from '../images/crop.ts';
import type { Crop } from '../images/formats.ts';
import { meetsAccess } from '../metadata/record-access.ts';
import type { AvatarRef } from '../storage/object-keys.ts';
import { issueUpload } from './issue-upload.ts';

/** A render whose message was lost is found by the sweep after this many milliseconds. */
const FIRST_LOOK_DELAY = 60_000;

/**
 * Renders the stored original again with another crop. It is an upload like any other, without bytes: a newer image
 * supersedes it, and it is refused while a newer ticket is open.
 * @throws RequestRefusedError `not_found` without an image, `upload_in_progress`, `invalid_request` for the crop.
 */
export async function renderAvatar(
  dependencies: ApiDependencies,
  { avatar, principal, crop }: { readonly avatar: AvatarRef; readonly principal: Principal; readonly crop: Crop },
): Promise<{ readonly uploadId: string }> {
  const { metadata, queues, settings, clock, newId, log } = dependencies;
  const access = avatarWriteAccess(principal, avatar, settings.agentBinding);
  if (!access) throw new RequestRefusedError('not_found', 'nothing here');
  const record = await metadata.getAvatar(avatar);
  const original = record?.image?.original;
  if (original && meetsAccess(record, access) && !isCropInside(crop, original)) {
    const { width, height } = original;
    throw new RequestRefusedError('invalid_request', 'the crop reaches outside the image', {
      field: 'crop',
      accepted: `a square inside ${width}x${height} pixels`,
    });
  }
  const now = clock();
  const { uploadId } = await issueUpload(dependencies, {
    access,
    now,
    upload: {
      kind: 'render',
      uploadId: newId(),
      ownerId: principal.sub,
      avatar,
      crop,
      createdAt: now.toISOString(),
      firstLookAt: new Date(now.getTime() + FIRST_LOOK_DELAY).toISOString(),
    },
  });
  try {
    await queues.sendUpload({ uploadId });
  } catch (error) {
    log.warn('the render message was lost; the sweep will find it', { uploadId, error });
  }
  return { uploadId };
}
