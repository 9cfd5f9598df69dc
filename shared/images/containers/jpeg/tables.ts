import { JPEG_MARKER, type JpegSegment } from './segments.ts';

/** Whether a table or parameter segment is what its marker says, from its first byte to its last (ITU-T T.81, B.2.4). */
export function isTable(file: Buffer, { marker, start, dataEnd }: JpegSegment): boolean {
  const data = file.subarray(start + 4, dataEnd);
  switch (marker) {
    case JPEG_MARKER.DHT:
      return isFilled(data, huffmanTableBytes);
    case JPEG_MARKER.DQT:
      return isFilled(data, quantizationTableBytes);
    case JPEG_MARKER.DNL:
    case JPEG_MARKER.DRI:
      return data.length === 2;
    default:
      return false;
  }
}

/** Whether the data is tables from its first byte to its last. */
function isFilled(data: Buffer, tableBytes: (data: Buffer, at: number) => number | undefined): boolean {
  let at = 0;
  while (at < data.length) {
    const bytes = tableBytes(data, at);
    if (bytes === undefined) return false;
    at += bytes;
  }
  return at === data.length;
}

/** A class and a destination, how many codes there are of each length, and what they stand for. */
function huffmanTableBytes(data: Buffer, at: number): number | undefined {
  const codes = data.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 0);
  return isTableId(data.readUInt8(at)) ? 17 + codes : undefined;
}

/** A precision and a destination, then 64 numbers of one byte or two. */
function quantizationTableBytes(data: Buffer, at: number): number | undefined {
  const id = data.readUInt8(at);
  return isTableId(id) ? 1 + 64 * ((id >> 4) + 1) : undefined;
}

/** Two classes or precisions, four destinations. */
function isTableId(id: number): boolean {
  return id >> 4 <= 1 && (id & 0x0f) <= 3;
}
