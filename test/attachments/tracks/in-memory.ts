import type { ByteRanges } from '../../../shared/attachments/tracks/track-kinds.ts';

/** The bytes of a file that is in memory. */
export function inMemory(...parts: readonly Uint8Array[]): ByteRanges {
  const bytes = Buffer.concat(parts);
  return { size: bytes.length, read: async (start, length) => bytes.subarray(start, start + length) };
}
