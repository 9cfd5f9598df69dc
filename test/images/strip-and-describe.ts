import { isStrippable } from '../../shared/images/formats.ts';
import { sniffImageType } from '../../shared/images/image-signature.ts';
import { describeImage } from '../../shared/images/preview.ts';
import { stripMetadata } from '../../shared/images/strip-metadata.ts';
import { printCost } from './print-cost.ts';

/*
 * Removes the metadata of one file and describes it, in a process of its own.
 *
 *     node test/images/strip-and-describe.ts <file>
 */

await printCost(async (file) => {
  const type = sniffImageType(file) ?? 'unknown';
  if (!isStrippable(type)) return type;
  const description = await describeImage(stripMetadata(file, type), type);
  return description?.preview ? 'stripped and described' : 'stripped';
});
