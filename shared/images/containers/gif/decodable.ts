import { gifBlocks } from './blocks.ts';

/**
 * The pieces of a GIF that its first frame needs: no comments, no application data, no later frame. The decoder would
 * otherwise read the structure of every frame before it draws the first.
 *
 * @throws ContentRejectedError image_damaged
 */
export function* decodableGif(file: Buffer): Generator<Uint8Array> {
  let drawn = false;
  for (const block of gifBlocks(file)) {
    const isKept = block.kind === 'trailer' || (block.kind !== 'extension' && !drawn);
    if (isKept) yield file.subarray(block.start, block.end);
    if (block.kind === 'image') drawn = true;
  }
}
