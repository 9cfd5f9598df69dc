import { createHash } from 'node:crypto';
import type { Renderer } from '../../shared/dependencies.ts';
import { renderer } from '../../shared/images/renderer.ts';

/**
 * The service's own renderer, called once for each image and crop, whatever it resolves with or throws: random histories
 * render the same few images thousands of times.
 */
export const memoizedRenderer: Renderer = {
  renderAvatar: memoized(
    ({ bytes, crop }) => `${digestOf(bytes)} ${JSON.stringify(crop)}`,
    (job) => renderer.renderAvatar(job),
  ),
  prepareAttachment: memoized(
    ({ bytes, contentType, keepMetadata }) => `${digestOf(bytes)} ${contentType} ${keepMetadata}`,
    (job) => renderer.prepareAttachment(job),
  ),
};

function memoized<Input extends readonly unknown[], Output>(
  nameOf: (...input: Input) => string,
  work: (...input: Input) => Promise<Output>,
): (...input: Input) => Promise<Output> {
  const done = new Map<string, Promise<Output>>();
  return (...input) => {
    const name = nameOf(...input);
    const result = done.get(name) ?? work(...input);
    done.set(name, result);
    return result;
  };
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}
