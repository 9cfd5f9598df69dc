import { inspectImage } from './inspect.ts';
import { renderThumbnails } from './thumbnails.ts';

/** The renderer of the service. Importing it loads the image decoder. */
export const renderer = { inspect: inspectImage, render: renderThumbnails } as const;
