import { damagedImage } from '../../image-rejections.ts';

/** Reads big-endian numbers, one after the other. */
export interface BigEndianReader {
  /**
   * The number in the next `bytes` bytes, 0 to 8.
   * @throws ContentRejectedError image_damaged at the end
   */
  readonly read: (bytes: number) => number;
  /**
   * Goes over `bytes` bytes.
   * @throws ContentRejectedError image_damaged at the end
   */
  readonly skip: (bytes: number) => void;
  /** How many bytes have been read. */
  readonly position: () => number;
}

export function bigEndianReader(content: Buffer): BigEndianReader {
  let at = 0;
  const check = (bytes: number) => {
    if (at + bytes > content.length) throw damagedImage('a list in it breaks off');
  };
  const read = (bytes: number) => {
    check(bytes);
    let value = 0;
    for (const end = at + bytes; at < end; at++) value = value * 256 + content.readUInt8(at);
    return value;
  };
  const skip = (bytes: number) => {
    check(bytes);
    at += bytes;
  };
  return { read, skip, position: () => at };
}
