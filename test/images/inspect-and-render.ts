import { readFile } from 'node:fs/promises';
import { ContentRejectedError } from '../../shared/errors.ts';
import type { Crop } from '../../shared/images/formats.ts';
import { inspectImage } from '../../shared/images/inspect.ts';
import { renderThumbnails } from '../../shared/images/thumbnails.ts';
import type { Cost } from './cost.ts';

/*
 * Inspects and renders one file, in a process of its own.
 *
 *     node test/images/inspect-and-render.ts <file> [crop as JSON]
 */

const file = await readFile(process.argv[2] ?? '');
const crop = process.argv[3] === undefined ? undefined : (JSON.parse(process.argv[3]) as Crop);
const start = process.cpuUsage();
const outcome = await outcomeOf(file);
const { user, system } = process.cpuUsage(start);
const milliseconds = (user + system) / 1000;
const cost: Cost = { outcome, milliseconds, peakBytes: process.resourceUsage().maxRSS * 1024 };
console.log(JSON.stringify(cost));

async function outcomeOf(bytes: Uint8Array): Promise<string> {
  try {
    await renderThumbnails(await inspectImage(bytes), crop);
    return 'rendered';
  } catch (error) {
    if (error instanceof ContentRejectedError) return error.code;
    throw error;
  }
}
