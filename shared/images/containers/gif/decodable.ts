import { gifBlocks, TRAILER } from './blocks.ts';

/**
 * The pieces of a GIF that its first frame needs: no comments, no application data, no later frame. The decoder would
 * otherwise read the structure of every frame before it draws the first.
 *
 * @throws ContentRejectedError image_damaged
 */
export function* decodableGif(file: Buffer): Generator<Uint8Array> {
  for (const block of gifBlocks(file)) {
    if (block.kind === 'extension') continue;
    if (block.kind !== 'trailer') yield file.subarray(block.start, block.end);
    if (block.kind === 'image') break;
  }
  yield TRAILER;
}
