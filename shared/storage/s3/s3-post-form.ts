import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { InvalidKeyError } from '../../errors.ts';
import type { StorageTicket, UploadGrant } from '../storage-backend.ts';
import { createS3Client } from './s3-client.ts';
import { s3ErrorOf } from './s3-errors.ts';
import type { S3Options } from './s3-url-signer.ts';

/** Signs forms (POST policies) for browsers that cannot PUT. */
export function createS3PostForms(options: S3Options): (grant: Omit<UploadGrant, 'method'>) => Promise<StorageTicket> {
  const client = createS3Client(options);

  return async ({ key, contentType, contentLength, checksumSha256, expiresAt }) => {
    if (checksumSha256 !== undefined) throw new TypeError('a form cannot promise a checksum');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: S3 puts the client's file name in its place
    if (key.includes('${filename}')) throw new InvalidKeyError(key, 'in a form its key would be chosen by the client');
    try {
      const { url, fields } = await createPresignedPost(client, {
        Bucket: options.bucket,
        Key: key,
        Fields: { 'Content-Type': contentType }, // each field is also a condition: exactly this value
        Conditions: [['content-length-range', contentLength, contentLength]],
        Expires: (expiresAt.getTime() - Date.now()) / 1000, // which it adds to the system's time again
      });
      return { method: 'POST', url, fields };
    } catch (error) {
      throw s3ErrorOf(error, { key });
    }
  };
}
