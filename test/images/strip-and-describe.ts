import { readFile } from 'node:fs/promises';
import { ContentRejectedError } from '../../shared/errors.ts';
import { isStrippable } from '../../shared/images/formats.ts';
import { sniffImageType } from '../../shared/images/image-signature.ts';
import { describeImage } from '../../shared/images/preview.ts';
import { stripMetadata } from '../../shared/images/strip-metadata.ts';
import type { Cost } from './cost.ts';

/*
 * Removes the metadata of one file and describes it, in a process of its own.
 *
 *     node test/images/strip-and-describe.ts <file>
 */

const file = await readFile(process.argv[2] ?? '');
const start = process.cpuUsage();
const outcome = await outcomeOf(file);
const { user, system } = process.cpuUsage(start);
const milliseconds = (user + system) / 1000;
const cost: Cost = { outcome, milliseconds, peakBytes: process.resourceUsage().maxRSS * 1024 };
console.log(JSON.stringify(cost));

/** `stripped and described`, `stripped` if there is nothing to show, or the code it was rejected with. */
async function outcomeOf(bytes: Buffer): Promise<string> {
  const type = sniffImageType(bytes) ?? 'unknown';
  if (!isStrippable(type)) return type;
  try {
    const description = await describeImage(stripMetadata(bytes, type), type);
    return description?.preview ? 'stripped and described' : 'stripped';
  } catch (error) {
    if (error instanceof ContentRejectedError) return error.code;
    throw error;
  }
}
