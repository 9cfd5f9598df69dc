/** Beyond so many, arrays take more memory than what is in them. */
const MOST_RUNS = 16_384;

/**
 * One array of all pieces in order. Pieces that follow each other in the same memory are not copied one by one, so a
 * file of a million tiny chunks costs no more than a file of a few; a file that is kept whole is not copied at all.
 */
export function joinPieces(pieces: Iterable<Uint8Array>): Uint8Array {
  const joined: Uint8Array[] = [];
  const runs: Uint8Array[] = [];
  for (const piece of pieces) {
    const last = runs.at(-1);
    if (last !== undefined && follows(last, piece)) {
      runs[runs.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.byteLength + piece.byteLength);
      continue;
    }
    if (runs.length === MOST_RUNS) joined.push(Buffer.concat(runs.splice(0)));
    runs.push(piece);
  }
  const all = [...joined, ...runs];
  const [only] = all;
  return only !== undefined && all.length === 1 ? only : Buffer.concat(all);
}

function follows(before: Uint8Array, after: Uint8Array): boolean {
  return before.buffer === after.buffer && before.byteOffset + before.byteLength === after.byteOffset;
}
