import type { Crop } from '../../shared/images/formats.ts';
import { inspectImage } from '../../shared/images/inspect.ts';
import { renderThumbnails } from '../../shared/images/thumbnails.ts';
import { printCost } from './print-cost.ts';

/*
 * Inspects and renders one file, in a process of its own.
 *
 *     node test/images/inspect-and-render.ts <file> [crop as JSON]
 */

const crop = process.argv[3] === undefined ? undefined : (JSON.parse(process.argv[3]) as Crop);

await printCost(async (file) => {
  await renderThumbnails(await inspectImage(file), crop);
  return 'rendered';
});
