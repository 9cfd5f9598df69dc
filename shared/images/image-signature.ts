import type { AvatarContentType } from './formats.ts';

/** What the first bytes say a file is. `undefined`: nothing this product has a name for. */
export type SniffedType = AvatarContentType | 'image/heic' | 'image/svg+xml';

/** Names of HEVC pictures in an `ftyp` box (ISO/IEC 23008-12, B.4), and of the generic container they come in. */
const HEIC_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs', 'mif1', 'msf1']);
const AVIF_BRANDS = new Set(['avif', 'avis']);

/**
 * The type that the file's first bytes announce. It chooses the walk and the error code; whether the file is that
 * type, the decoder says.
 */
export function sniffImageType(file: Buffer): SniffedType | undefined {
  const head = file.toString('latin1', 0, 12);
  if (head.startsWith('\xff\xd8')) return 'image/jpeg';
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (/^RIFF.{4}WEBP$/s.test(head)) return 'image/webp';
  if (/^GIF8[79]a/.test(head)) return 'image/gif';
  if (head.slice(4, 8) === 'ftyp') return typeOfBrands(file);
  return isSvg(file) ? 'image/svg+xml' : undefined;
}

/** AVIF wins over the generic `mif1`, which both AVIF and HEIC name as compatible. */
function typeOfBrands(file: Buffer): SniffedType | undefined {
  const end = Math.min(file.readUInt32BE(0), file.length, 256);
  const brands = file.toString('latin1', 8, end).match(/.{4}/gs) ?? [];
  if (brands.some((brand) => AVIF_BRANDS.has(brand))) return 'image/avif';
  return brands.some((brand) => HEIC_BRANDS.has(brand)) ? 'image/heic' : undefined;
}

/** How much of a text is read in search of its first element. */
const PROLOG_BYTES = 65_536;

/** One thing that may stand before the root element (XML 1.0, 2.8): space, instruction, comment, document type. */
const PROLOG_PART = /\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^<>[]*(?:\[[^\]]*\])?\s*>/isy;

function isSvg(file: Buffer): boolean {
  const text = decodeText(file.subarray(0, PROLOG_BYTES));
  const root = startOfRoot(text);
  return /^<(?:[\w.-]{1,64}:)?svg[\s/>]/i.test(text.slice(root, root + 80));
}

/** Part by part: one pattern for any number of parts takes exponential time on a text that is made against it. */
function startOfRoot(text: string): number {
  let root = 0;
  PROLOG_PART.lastIndex = 0;
  while (PROLOG_PART.test(text)) root = PROLOG_PART.lastIndex;
  return root;
}

/** The encoding as XML 1.0, appendix F finds it: by its mark, or by the zero beside the first `<`. */
function decodeText(bytes: Buffer): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || second === 0) return new TextDecoder('utf-16le').decode(bytes);
  if ((first === 0xfe && second === 0xff) || first === 0) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder('utf-8').decode(bytes);
}
