import { avatarShareOf, NOTHING } from '../quota.ts';
import { avatarKey, uploadKey } from '../record-keys.ts';
import { type AvatarImage, type AvatarRecord, instantAfter, type UploadForAvatar } from '../records.ts';
import { RETENTION } from '../retention.ts';
import { isErasing, unlessErasing } from './counters.ts';
import { endOf, wasEndedBy } from './end-upload.ts';
import { holdsLease, type LeaseInput } from './leases.ts';
import { filesOf, keepFew, withRetired } from './retired-versions.ts';
import { change, type Transition } from './transition.ts';

export interface PublishAvatarInput extends LeaseInput {
  readonly image: Omit<AvatarImage, 'updatedAt'>;
}

/**
 * The flip: makes the written files the avatar's image and ends the upload as ready. The charge of the image that was
 * replaced is credited to the organization; a render takes that charge over. The replaced files stay for their grace
 * period.
 *
 * `superseded`: a newer image is published, the avatar was deleted after this upload was issued, a render's source is no
 * longer the published version, or one of those concerned is being erased. Nothing has changed then.
 */
export const publishAvatar: Transition<PublishAvatarInput, 'published' | 'superseded' | 'lost_lease'> = {
  reads: ({ uploadId }, { upload }) => ({
    upload: uploadKey(uploadId),
    ...(upload && 'avatar' in upload && { avatar: avatarKey(upload.avatar) }),
  }),
  decide(records, { leaseId, image, now }) {
    const { upload, avatar } = records;
    if (upload === undefined || upload.kind === 'attachment') return { outcome: 'lost_lease' };
    if (wasEndedBy(upload, leaseId, 'ready')) return { outcome: 'published' };
    if (!holdsLease(upload, leaseId)) return { outcome: 'lost_lease' };
    if (!avatar || !mayPublish(upload, avatar) || isErasing(records)) return { outcome: 'superseded' };

    const share = upload.kind === 'render' ? NOTHING : avatarShareOf(avatar);
    const { upload: ready, ...counters } = endOf(upload, { status: 'ready', share, now });
    return {
      outcome: 'published',
      writes: {
        upload: ready,
        // `image` and `chargedBytes` change only together with `readyUploadId`.
        avatar: change(avatarKey(avatar), avatar, published(avatar, upload, image, now), [
          'readyGeneration',
          'deletedGeneration',
          'readyUploadId',
          'retired',
          'workAt',
          'failingSince',
          'expiresAt',
        ]),
        ...unlessErasing(counters, upload),
      },
    };
  },
};

function mayPublish(upload: UploadForAvatar, avatar: AvatarRecord): boolean {
  const { generation } = upload;
  const leads = avatar.readyGeneration < generation && avatar.deletedGeneration < generation;
  return leads && (upload.kind !== 'render' || upload.source.uploadId === avatar.readyUploadId);
}

function published(
  seen: AvatarRecord,
  upload: UploadForAvatar,
  image: PublishAvatarInput['image'],
  now: Date,
): AvatarRecord {
  const { expiresAt, ...avatar } = seen;
  const replaced = avatar.image && {
    ...filesOf(avatar.image),
    removeAt: instantAfter(now, RETENTION.replacedGrace),
  };
  return withRetired(
    {
      ...avatar,
      readyGeneration: upload.generation,
      readyUploadId: upload.uploadId,
      chargedBytes: upload.kind === 'render' ? avatar.chargedBytes : upload.contentLength,
      image: { ...image, updatedAt: now.toISOString() },
    },
    replaced ? keepFew([...(avatar.retired ?? []), replaced], now) : (avatar.retired ?? []),
  );
}
