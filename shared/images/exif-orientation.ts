/** How the stored pixels are turned and mirrored to stand upright (Exif 2.32, tag 0x0112). 1: they are upright. */
export type ExifOrientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const ORIENTATION_TAG = 0x0112;
const SHORT = 3;

/**
 * The orientation written in an Exif block, 1 if there is none or it makes no sense. Nothing else of the block is
 * looked at: camera and place are the uploader's, and the rest is a large surface for crafted bytes.
 *
 * @param exif a TIFF structure, with or without the `Exif\0\0` that JPEG puts before it
 */
export function readOrientation(exif: Buffer): ExifOrientation {
  const tiff = exif.toString('latin1', 0, 6) === 'Exif\0\0' ? exif.subarray(6) : exif;
  const read = readersOf(tiff);
  if (read === undefined) return 1;
  const directory = read.uint32(4);
  const entries = read.uint16(directory);
  for (let index = 0; index < entries; index++) {
    const entry = directory + 2 + index * 12;
    if (read.uint16(entry) !== ORIENTATION_TAG) continue;
    const value = read.uint16(entry + 8);
    return read.uint16(entry + 2) === SHORT && isOrientation(value) ? value : 1;
  }
  return 1;
}

/** The smallest Exif block that says nothing but the orientation: 26 bytes of big-endian TIFF. */
export function writeOrientation(orientation: ExifOrientation): Buffer {
  const tiff = Buffer.alloc(26);
  tiff.write('MM\0*', 'latin1');
  tiff.writeUInt32BE(8, 4); // where the only directory begins
  tiff.writeUInt16BE(1, 8); // entries
  tiff.writeUInt16BE(ORIENTATION_TAG, 10);
  tiff.writeUInt16BE(SHORT, 12);
  tiff.writeUInt32BE(1, 14); // values
  tiff.writeUInt16BE(orientation, 18);
  return tiff;
}

/** Reads that answer 0 beyond the end: a directory that points outside is an empty one. */
function readersOf(tiff: Buffer): { uint16(at: number): number; uint32(at: number): number } | undefined {
  const byteOrder = tiff.toString('latin1', 0, 4);
  if (byteOrder !== 'II*\0' && byteOrder !== 'MM\0*') return undefined;
  const littleEndian = byteOrder === 'II*\0';
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  return {
    uint16: (at) => (at + 2 <= tiff.length ? view.getUint16(at, littleEndian) : 0),
    uint32: (at) => (at + 4 <= tiff.length ? view.getUint32(at, littleEndian) : 0),
  };
}

function isOrientation(value: number): value is ExifOrientation {
  return value >= 1 && value <= 8;
}
