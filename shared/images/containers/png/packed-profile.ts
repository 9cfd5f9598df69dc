import { constants, deflateSync, inflateRawSync } from 'node:zlib';
import { IMAGE_LIMITS } from '../../image-limits.ts';
import { profileTooLarge } from '../../image-rejections.ts';
import { rebuildProfile } from '../../profiles/rebuild-profile.ts';
import { pngChunk } from './chunks.ts';

/**
 * The rebuilt profile of an iCCP chunk. Undefined if it does not unpack or is no valid profile, so that no decoder uses
 * it. Some writers leave out the checksum behind the packed bytes; browsers do not look for it.
 * @throws ContentRejectedError metadata_too_large
 */
export function unpackProfile(data: Buffer): Buffer | undefined {
  const packed = data.subarray(data.indexOf(0) + 2); // after the name, its zero and the compression method
  if (!isZlib(packed)) return undefined;
  try {
    const unpacked = inflateRawSync(packed.subarray(2), {
      maxOutputLength: IMAGE_LIMITS.colourProfileBytes,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    return rebuildProfile(unpacked);
  } catch (error) {
    if (error instanceof RangeError) throw profileTooLarge({ cause: error });
    return undefined;
  }
}

/** Whether the two bytes of its header are right, and no dictionary is needed (RFC 1950, 2.2). */
function isZlib(packed: Buffer): boolean {
  const header = packed.length > 2 ? packed.readUInt16BE(0) : 0;
  return header % 31 === 0 && (header & 0x0f00) === 0x0800 && (header & 0x20) === 0;
}

/** A name must stand before the profile; then a zero and the compression method, which is zero too. */
const NAMELESS = Buffer.from('profile\0\0', 'latin1');

export function profileChunk(profile: Buffer): Buffer {
  return pngChunk('iCCP', Buffer.concat([NAMELESS, deflateSync(profile, { level: 9 })]));
}
