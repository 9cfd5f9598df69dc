import { ContentRejectedError } from '../../../errors.ts';
import { joinPieces } from '../join-pieces.ts';
import { codedPixels, type ScanContext } from './coded-pixels.ts';
import { isFrame, type JpegFrame, readFrame } from './frame.ts';
import { type HuffmanTable, huffmanTables } from './huffman.ts';
import { readScan } from './scans.ts';
import { JPEG_MARKER, type JpegSegment, jpegSegments } from './segments.ts';

/**
 * A JPEG without the bytes that stand among its coded pixels and belong to none, for a decoder that takes them for
 * damage. Undefined when there are none, or when pixels are missing.
 * @param file what `decodableJpeg` made
 */
export function withoutExtraneousBytes(file: Buffer): Uint8Array | undefined {
  try {
    const cleaned = joinPieces(cleanedPieces(file));
    return cleaned.length < file.length ? cleaned : undefined;
  } catch (error) {
    if (error instanceof ContentRejectedError) return undefined;
    throw error;
  }
}

/**
 * Follows the codes of all scans.
 * @throws ContentRejectedError image_damaged when pixels are missing
 */
export function checkPixels(file: Buffer): void {
  for (const _ of cleanedPieces(file));
}

function* cleanedPieces(file: Buffer): Generator<Uint8Array> {
  yield file.subarray(0, 2);
  const tables = new Map<number, HuffmanTable>();
  const known: ScanContext['known'] = new Map();
  let frame: JpegFrame | undefined;
  let restartInterval = 0;
  for (const segment of jpegSegments(file)) {
    const { marker, start, dataEnd, end } = segment;
    if (isFrame(segment)) frame = readFrame(file, segment);
    if (marker === JPEG_MARKER.DHT) addTables(tables, file, segment);
    if (marker === JPEG_MARKER.DRI) restartInterval = file.readUInt16BE(start + 4);
    yield file.subarray(start, dataEnd);
    if (marker !== JPEG_MARKER.SOS || frame === undefined) continue;
    yield* codedPixels(file, dataEnd, end, {
      frame,
      scan: readScan(file, segment, frame),
      tables,
      restartInterval,
      known,
    });
  }
}

function addTables(tables: Map<number, HuffmanTable>, file: Buffer, { start, dataEnd }: JpegSegment): void {
  for (const [id, table] of huffmanTables(file.subarray(start + 4, dataEnd))) tables.set(id, table);
}
