import { MultipartNotFoundError } from '../../shared/errors.ts';
import type { AttachmentUpload } from '../../shared/metadata/records.ts';
import type { StorageKey } from '../../shared/storage/object-keys.ts';
import { askToAttach, type SentFile } from './attached-files.ts';
import type { Client, Reply } from './client.ts';
import { untilAnswered } from './each-fault.ts';
import type { World } from './world.ts';

/** The plan of a multipart upload. */
export interface Plan {
  readonly uploadId: string;
  readonly key: StorageKey;
  readonly multipart: { readonly partSize: number; readonly partCount: number };
}

export interface SentPart {
  readonly partNumber: number;
  readonly etag: string;
}

/** @throws if the upload is refused, or is not multipart. */
export async function planParts(ada: Client, file: SentFile, options?: object): Promise<Plan> {
  const { status, body } = await untilAnswered(() => askToAttach(ada, file, options));
  if (status !== 201 || !('multipart' in body)) throw new Error(`responded with ${status}: ${JSON.stringify(body)}`);
  return body as unknown as Plan;
}

/** Signs and sends some parts, or all; the last ones first, because any order is as good. */
export async function sendParts(
  { sendPart }: Pick<World, 'sendPart'>,
  ada: Client,
  { uploadId, key, multipart: { partSize, partCount } }: Plan,
  { bytes }: SentFile,
  partNumbers = Array.from({ length: partCount }, (_, at) => partCount - at),
): Promise<SentPart[]> {
  const sign = () => ada.request('POST', `/uploads/${uploadId}/parts`, { body: { partNumbers } });
  const { body } = await untilAnswered(sign);
  const signed = body.parts as { readonly partNumber: number; readonly url: string }[];
  return Promise.all(
    signed.map(async ({ partNumber, url }) => {
      const part = bytes.subarray((partNumber - 1) * partSize, partNumber * partSize);
      return { partNumber, etag: await sendPart({ key, url }, part) };
    }),
  );
}

export function complete(ada: Client, { uploadId }: Plan, parts: readonly SentPart[]): Promise<Reply> {
  return ada.request('POST', `/uploads/${uploadId}/complete`, { body: { parts } });
}

/** The numbers of the parts that are stored for a multipart upload; undefined once it has ended. */
export async function keptParts(
  { storage, metadata }: Pick<World, 'storage' | 'metadata'>,
  uploadId: string,
): Promise<number[] | undefined> {
  const { key, multipart } = (await metadata.getUpload({ uploadId })) as Required<AttachmentUpload>;
  try {
    const parts = await storage.listParts({ key, multipartId: multipart.multipartId });
    return parts.map(({ partNumber }) => partNumber);
  } catch (error) {
    if (error instanceof MultipartNotFoundError) return undefined;
    throw error;
  }
}
