import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CopyObjectCommandInput,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';

const PARTS_AT_ONCE = 4;
const PART_BYTES = 128 * 1024 ** 2;

export interface LargeCopyInput {
  readonly client: S3Client;
  /** The copy as one request would ask for it. */
  readonly copy: CopyObjectCommandInput;
  /** Of the source. */
  readonly size: number;
  /** At least 5 MiB, S3's minimum. @default 128 MiB */
  readonly partBytes?: number;
}

/**
 * Copies part by part: a single CopyObject of gigabytes runs into timeouts, and beyond 5 GB S3 refuses it. Each part
 * carries the condition on the source; the one on the target is that of the last request, which makes the object
 * visible. What was begun is given up on failure.
 */
export async function copyInParts(input: LargeCopyInput): Promise<{ readonly ETag?: string | undefined }> {
  const { client, copy } = input;
  const { CopySource: _, CopySourceIfMatch: __, MetadataDirective: ___, IfNoneMatch, ...target } = copy;
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
  const upload = { Bucket: copy.Bucket, Key: copy.Key, UploadId };
  try {
    const MultipartUpload = { Parts: await copyParts(input, upload) };
    return await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload, IfNoneMatch }));
  } catch (error) {
    // The first failure is the one to tell; the bucket's lifecycle removes what cannot be removed now.
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}

type Upload = Readonly<Record<'Bucket' | 'Key' | 'UploadId', string | undefined>>;

interface CopiedPart {
  readonly PartNumber: number;
  readonly ETag: string | undefined;
}

async function copyParts({ client, copy, size, partBytes = PART_BYTES }: LargeCopyInput, upload: Upload) {
  const { CopySource, CopySourceIfMatch } = copy;
  const waiting = Array.from({ length: Math.ceil(size / partBytes) }, (_, at) => at + 1);
  const copied: CopiedPart[] = [];
  const copySome = async () => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      const [first, end] = [(part - 1) * partBytes, Math.min(part * partBytes, size)];
      const CopySourceRange = `bytes=${first}-${end - 1}`;
      const source = { CopySource, CopySourceIfMatch, CopySourceRange };
      const answer = await client.send(new UploadPartCopyCommand({ ...upload, ...source, PartNumber: part }));
      copied.push({ PartNumber: part, ETag: answer.CopyPartResult?.ETag });
    }
  };
  const lanes = Array.from({ length: PARTS_AT_ONCE }, () =>
    copySome().catch((error: unknown) => {
      waiting.length = 0;
      throw error;
    }),
  );
  // All of them, because a part that arrives after the abort would stay.
  const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return copied.sort((a, b) => a.PartNumber - b.PartNumber);
}
