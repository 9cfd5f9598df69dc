import { refuseMalicious } from '../attachments/refuse-malicious.ts';
import type { FinishedAvatar } from '../avatars/write-version.ts';
import type { WorkerDependencies } from '../dependencies.ts';
import { ContentRejectedError } from '../errors.ts';
import { isCropInside } from '../images/crop.ts';
import type { UploadForAvatar } from '../metadata/records.ts';
import type { UploadSource } from './upload-source.ts';

/**
 * Checks an image and renders it. The type is what the decoder finds, not what the client declared.
 * @throws ContentRejectedError for anything about the bytes; DependencyUnavailableError if the scanner has no verdict.
 */
export async function prepareAvatar(
  { renderer, scanner }: Pick<WorkerDependencies, 'renderer' | 'scanner'>,
  { upload, source }: { readonly upload: UploadForAvatar; readonly source: UploadSource },
): Promise<FinishedAvatar> {
  const { bytes, stored } = source;
  const image = await renderer.inspect(bytes);
  const { contentType, width, height } = image;
  if (upload.crop && !isCropInside(upload.crop, image)) {
    throw new ContentRejectedError('crop_outside_image', `the crop is not inside ${width}x${height} pixels`);
  }
  await refuseMalicious(scanner, [bytes]);
  return {
    original: { contentType, width, height, ...(stored ? { stored } : { body: bytes }) },
    rendered: await renderer.render(image, upload.crop),
  };
}
