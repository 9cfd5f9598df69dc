import { refuseMalicious } from '../attachments/refuse-malicious.ts';
import type { FinishedAvatar } from '../avatars/write-version.ts';
import type { WorkerDependencies } from '../dependencies.ts';
import type { UploadForAvatar } from '../metadata/records.ts';
import type { UploadSource } from './upload-source.ts';

/**
 * Scans an image and renders it. The type is what the decoder finds, not what the client declared.
 * @throws ContentRejectedError for anything about the bytes; DependencyUnavailableError if the scanner has no verdict.
 */
export async function prepareAvatar(
  { renderer, scanner }: Pick<WorkerDependencies, 'renderer' | 'scanner'>,
  { upload, source }: { readonly upload: UploadForAvatar; readonly source: UploadSource },
): Promise<FinishedAvatar> {
  const { bytes, stored } = source;
  await refuseMalicious(scanner, [bytes]);
  const { contentType, ...rendered } = await renderer.renderAvatar({
    bytes,
    ...(upload.crop && { crop: upload.crop }),
  });
  const { width, height } = rendered;
  return { original: { contentType, width, height, ...(stored ? { stored } : { body: bytes }) }, rendered };
}
