import { THUMBNAIL_FORMATS, THUMBNAIL_SIZES } from '../../shared/images/formats.ts';
import { ATTACHMENT_PREFIX, PREVIEW_PREFIX, TEMPORARY_PREFIX } from '../../shared/storage/object-keys.ts';

/**
 * The keys of a bucket that the service has for itself or, with a prefix, shares. The bucket's lifecycle rules, its
 * notification and its policy, the CDN and the rights of the functions all take their keys from here: one that used
 * another prefix would fail silently.
 */
export interface KeySpace {
  /** Empty, or with its final slash. */
  readonly prefix: string;
  /** The only prefix that clients write below, and the only one with notifications. */
  readonly temporary: string;
  readonly avatars: string;
  readonly attachments: string;
  readonly previews: string;
  /** The names that anyone may read through the CDN, with `*` for the avatar and the folder of its version. */
  readonly publicImages: readonly string[];
}

/** @param bucketPath without a slash at either end; empty: keys begin at the bucket's root. */
export function keySpaceOf(bucketPath: string): KeySpace {
  const prefix = bucketPath === '' ? '' : `${bucketPath}/`;
  const avatars = `${prefix}avatars/`;
  return {
    prefix,
    temporary: `${prefix}${TEMPORARY_PREFIX}`,
    avatars,
    attachments: `${prefix}${ATTACHMENT_PREFIX}`,
    previews: `${prefix}${PREVIEW_PREFIX}`,
    // `*` matches slashes too, in CloudFront as in IAM: only whole file names exclude an original.
    publicImages: Object.keys(THUMBNAIL_SIZES).flatMap((size) =>
      Object.keys(THUMBNAIL_FORMATS).map((format) => `${avatars}*/${size}.${format}`),
    ),
  };
}
