import { THUMBNAIL_FORMATS, THUMBNAIL_SIZES } from '../../shared/images/formats.ts';
import { ATTACHMENT_PREFIX, PREVIEW_PREFIX, TEMPORARY_PREFIX } from '../../shared/storage/object-keys.ts';

/**
 * Where things stand in a bucket that the service has for itself or, with a prefix, shares. The bucket's lifecycle, its
 * notification, the CDN, its bounds and the rights of the functions all take their keys from here: one that had a prefix
 * of its own would fail in silence.
 */
export interface KeySpace {
  /** Empty, or with its final slash. */
  readonly prefix: string;
  /** The only place clients write, and the only one whose objects are announced. */
  readonly temporary: string;
  readonly avatars: string;
  readonly attachments: string;
  readonly previews: string;
  /** The names that anyone may read through the CDN, with `*` for whose they are. */
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
    // `*` crosses slashes, in CloudFront as in IAM: only whole file names keep an original out.
    publicImages: Object.keys(THUMBNAIL_SIZES).flatMap((size) =>
      Object.keys(THUMBNAIL_FORMATS).map((format) => `${avatars}*/${size}.${format}`),
    ),
  };
}
