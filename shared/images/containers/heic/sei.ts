import { damagedImage } from '../../image-rejections.ts';
import { isEscape, overwrite } from './overwrite.ts';

/**
 * Messages about how an image is displayed (ITU-T H.265, annex D), with the most bytes that each takes: the display that
 * the image was made on, brightness, transfer function, alpha. A still image needs no others; times and checksums are for
 * films and for tests.
 */
const KEPT_MESSAGES = new Map([
  [137, 24],
  [144, 4],
  [147, 1],
  [165, 8],
]);

/** The bit that ends a unit. */
const LAST_BYTE = 0x80;

/**
 * Overwrites the content of all messages in an SEI unit but those about the display. A message keeps its type
 * and length (ITU-T H.265, 7.3.5). Each byte of content becomes 0xff, or what the unit's escapes need.
 * @throws ContentRejectedError image_damaged when a message does not fit
 */
export function stripSei(unit: Buffer): void {
  const next = unescapedFrom(unit, 2);
  for (let at = next.position(); at < unit.length - 1 || unit[at] !== LAST_BYTE; at = next.position()) {
    const type = readNumber(next);
    const length = readNumber(next);
    const start = next.position();
    next.skip(length);
    if (length > (KEPT_MESSAGES.get(type) ?? 0)) overwrite(unit, start, next.position());
  }
}

/** A run of 255s, and the rest. */
function readNumber({ read }: Unescaped): number {
  let value = 0;
  for (let byte = read(); ; byte = read()) {
    value += byte;
    if (byte < 0xff) return value;
  }
}

/** Goes over the bytes of a unit as a decoder sees them, which drops escapes. */
interface Unescaped {
  readonly read: () => number;
  readonly skip: (bytes: number) => void;
  /** Where the next byte is, in the unit with its escapes. */
  readonly position: () => number;
}

function unescapedFrom(unit: Buffer, start: number): Unescaped {
  let at = start;
  const position = () => {
    if (isEscape(unit, at)) at += 1;
    return at;
  };
  const read = () => {
    const byte = unit[position()];
    if (byte === undefined) throw damagedImage('a message in its image does not fit');
    at += 1;
    return byte;
  };
  const skip = (bytes: number) => {
    if (bytes > unit.length) throw damagedImage('a message in its image does not fit');
    for (let skipped = 0; skipped < bytes; skipped++) read();
  };
  return { read, skip, position };
}
