import { ContentRejectedError } from '../../../errors.ts';
import { damagedImage } from '../../image-rejections.ts';
import { joinPieces } from '../join-pieces.ts';
import { codedPixels, type ScanContext } from './coded-pixels.ts';
import { isFrame, type JpegFrame, readFrame } from './frame.ts';
import { type HuffmanCodes, huffmanCodes } from './huffman.ts';
import { checkScans } from './scan-limits.ts';
import { readScan, ScanCoverage } from './scans.ts';
import { END_MARKER, isMissingEnd, JPEG_MARKER, type JpegSegment, jpegSegments } from './segments.ts';

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
 * The file with an end marker right behind its last pixel. Without the marker, nothing else says whether the file was cut
 * off, so the codes of all pixels are followed; a file that has one is returned as it is.
 * @throws ContentRejectedError image_damaged when pixels are missing
 */
export function withEndMarker(file: Buffer): Buffer {
  for (const segment of jpegSegments(file)) {
    if (isMissingEnd(segment)) return Buffer.concat([joinPieces(cleanedPieces(file)), END_MARKER]);
  }
  return file;
}

function* cleanedPieces(file: Buffer): Generator<Uint8Array> {
  checkScans(file);
  yield file.subarray(0, 2);
  const codes = new Map<number, HuffmanCodes>();
  const known: ScanContext['known'] = new Map();
  const coverage = new ScanCoverage();
  let frame: JpegFrame | undefined;
  let restartInterval = 0;
  for (const segment of jpegSegments(file)) {
    const { marker, start, dataEnd, end } = segment;
    if (frame === undefined && isFrame(segment)) frame = readFrame(file, segment);
    if (marker === JPEG_MARKER.DHT) addCodes(codes, file, segment);
    if (marker === JPEG_MARKER.DRI) restartInterval = file.readUInt16BE(start + 4);
    yield file.subarray(start, dataEnd);
    if (marker !== JPEG_MARKER.SOS || frame === undefined) continue;
    const scan = readScan(file, segment, frame);
    coverage.add(scan);
    yield* codedPixels(file, dataEnd, end, { frame, scan, codes, restartInterval, known });
  }
  if (frame === undefined || !coverage.isComplete(frame)) throw damagedImage('it ends before its last pixels');
}

function addCodes(codes: Map<number, HuffmanCodes>, file: Buffer, { start, dataEnd }: JpegSegment): void {
  for (const [id, found] of huffmanCodes(file.subarray(start + 4, dataEnd))) codes.set(id, found);
}
