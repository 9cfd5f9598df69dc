import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
} from '@aws-sdk/client-s3';
import { MultipartNotFoundError } from '../../errors.ts';
import { chooseParts, completedObject } from '../multipart-parts.ts';
import type { CompleteMultipartInput, MultipartRef, MultipartUploads, UploadedPart } from '../multipart-uploads.ts';
import type { StorageBackend } from '../storage-backend.ts';
import { createS3Client } from './s3-client.ts';
import { retryConflicts } from './s3-conflicts.ts';
import { isConflict, isPreconditionFailed, mapErrors } from './s3-errors.ts';
import { eTagOf, quoted } from './s3-etag.ts';
import type { S3Options } from './s3-url-signer.ts';

/**
 * What needs the S3 client. An upload that is aborted while a part arrives may keep that part: the bucket's lifecycle
 * removes it (S3 user guide, "Aborting a multipart upload").
 */
export function createS3Multipart(
  options: S3Options,
  objects: Pick<StorageBackend, 'getFileInfo'>,
): Omit<MultipartUploads, 'signPart'> {
  const client = createS3Client(options);
  const uploadOf = ({ key, multipartId }: MultipartRef) => ({
    Bucket: options.bucket,
    Key: key,
    UploadId: multipartId,
  });

  async function allParts(upload: ReturnType<typeof uploadOf>): Promise<UploadedPart[]> {
    const parts: UploadedPart[] = [];
    for (let isWhole = false; !isWhole; ) {
      const PartNumberMarker = parts.at(-1)?.partNumber.toString();
      const page = await client.send(new ListPartsCommand({ ...upload, PartNumberMarker }));
      for (const { PartNumber = 0, ETag, Size = 0 } of page.Parts ?? []) {
        parts.push({ partNumber: PartNumber, eTag: eTagOf(ETag), size: Size });
      }
      isWhole = !page.IsTruncated;
    }
    return parts;
  }

  /** When another call completes the upload meanwhile, this fails with NoSuchUpload, 409 or 412. */
  async function joinParts(input: CompleteMultipartInput): Promise<string | undefined> {
    const upload = uploadOf(input);
    const chosen = chooseParts(await allParts(upload), input);
    const Parts = chosen.map(({ partNumber, eTag }) => ({ PartNumber: partNumber, ETag: quoted(eTag) }));
    const completion = { ...upload, MultipartUpload: { Parts }, IfNoneMatch: '*' };
    return (await client.send(new CompleteMultipartUploadCommand(completion))).ETag;
  }

  return {
    async createMultipartUpload({ key, contentType }) {
      const command = new CreateMultipartUploadCommand({ Bucket: options.bucket, Key: key, ContentType: contentType });
      const { UploadId } = await mapErrors({ key }, () => client.send(command));
      if (UploadId === undefined) throw new TypeError('S3 answered without an upload id');
      return { multipartId: UploadId };
    },

    async listParts(input) {
      return mapErrors(input, () => allParts(uploadOf(input)));
    },

    async completeMultipartUpload(input) {
      const { key, multipartId } = input;
      try {
        const eTag = await mapErrors({ key, multipartId, ifNoneMatch: '*' }, () =>
          // 412: what stands there may be what the other call made, and the upload is about to be gone.
          retryConflicts(
            () => joinParts(input),
            (error) => isConflict(error) || isPreconditionFailed(error),
          ),
        );
        return { eTag: eTagOf(eTag) };
      } catch (error) {
        if (error instanceof MultipartNotFoundError) return completedObject(objects, input);
        throw error;
      }
    },

    async abortMultipartUpload(input) {
      try {
        await mapErrors(input, () => client.send(new AbortMultipartUploadCommand(uploadOf(input))));
      } catch (error) {
        if (!(error instanceof MultipartNotFoundError)) throw error;
      }
    },
  };
}
