/** Why a form can carry what its policy does not grant; the acceptance suite knows of it too. */
export const SEAWEEDFS_UNGRANTED_FIELDS = 'it looks for fields outside the policy among x-amz-meta-* alone';

/** Why a part that was sent again is also there as it was before; the acceptance suite knows of it too. */
export const SEAWEEDFS_REPEATED_PARTS = 'it lists every version of such a part';

/**
 * Where SeaweedFS differs from Amazon S3: the tests of the storage contract that it fails, with the reason. Amazon S3 is
 * what the product runs on, so the contract says what that does.
 */
export const SEAWEEDFS_DIFFERENCES: Readonly<Record<string, string>> = {
  'an object can have a key of 1,000 bytes': 'a segment of a key is a file name to it, of 255 bytes at most',
  'a listing puts a folder where its slash sorts': 'it lists folder by folder, so that a/b comes before a!',
  'a listing of "/" is empty': 'it drops a second slash from the end of a prefix',
  'a listing of "a//" is empty': 'it drops a second slash from the end of a prefix',
  'an upload in parts has of a part that was sent again the later one': SEAWEEDFS_REPEATED_PARTS,
  'a POST ticket does not admit a further field': SEAWEEDFS_UNGRANTED_FIELDS,
  'a POST ticket does not admit a redirect': SEAWEEDFS_UNGRANTED_FIELDS,
};
