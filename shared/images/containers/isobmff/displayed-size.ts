import { ContentRejectedError } from '../../../errors.ts';
import { bufferOf } from '../../buffer-of.ts';
import { type Box, boxes, boxesBeforeOthers, onlyBox } from './boxes.ts';
import { primaryItem } from './item-entries.ts';
import { propertiesIn } from './property-associations.ts';

/** Pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The size that the file's primary image is displayed in, cropped and rotated; undefined if the file does not say. Reads
 * properties only. Crop and rotation are applied in the order in which the image has them (ISO/IEC 23008-12, 9.3.1).
 */
export function displayedSize(bytes: Uint8Array): Size | undefined {
  const file = bufferOf(bytes);
  try {
    return sizeOf(file, primaryProperties(file));
  } catch (error) {
    if (error instanceof ContentRejectedError) return undefined;
    throw error;
  }
}

function primaryProperties(file: Buffer): readonly Box[] {
  const meta = onlyBox(boxesBeforeOthers(file), 'meta');
  const children = [...boxes(file, meta.contentStart + 4, meta.end)];
  return propertiesIn(file, children).of(primaryItem(file, onlyBox(children, 'pitm')));
}

function sizeOf(file: Buffer, properties: readonly Box[]): Size | undefined {
  let size: Size | undefined;
  for (const { type, contentStart, end } of properties) {
    const content = file.subarray(contentStart, end);
    if (type === 'ispe' && content.length >= 12)
      size = { width: content.readUInt32BE(4), height: content.readUInt32BE(8) };
    if (type === 'clap' && size) size = cropped(size, content);
    if (type === 'irot' && size && isQuarterTurn(content)) size = { width: size.height, height: size.width };
  }
  return size && size.width > 0 && size.height > 0 ? size : undefined;
}

/** `clap` begins with width and height, each a fraction of two numbers of 4 bytes (ISO/IEC 14496-12, 12.1.4). */
function cropped({ width, height }: Size, clap: Buffer): Size | undefined {
  if (clap.length < 32) return undefined;
  const fraction = (at: number) => Math.round(clap.readUInt32BE(at) / clap.readUInt32BE(at + 4));
  const [w, h] = [fraction(0), fraction(8)];
  return w > 0 && h > 0 ? { width: Math.min(width, w), height: Math.min(height, h) } : undefined;
}

/** By 90 or 270 degrees: the lowest two bits count quarter turns. */
function isQuarterTurn(irot: Buffer): boolean {
  return ((irot[0] ?? 0) & 1) === 1;
}
