import { type ExifOrientation, readOrientation, writeOrientation } from '../../exif-orientation.ts';
import { IMAGE_LIMITS } from '../../image-limits.ts';
import { profileTooLarge } from '../../image-rejections.ts';
import { rebuildProfile } from '../../profiles/rebuild-profile.ts';
import type { JpegFrame } from './frame.ts';
import { JPEG_MARKER, type JpegSegment, jpegSegment } from './segments.ts';

/** How the data of each kind begins (JFIF 1.02; Adobe's technical note 5116; Exif 2.32; ICC.1:2022, B.4). */
const JFIF = 'JFIF\0';
const ADOBE = 'Adobe';
const EXIF = 'Exif\0\0';
const PROFILE = 'ICC_PROFILE\0';

/** Application data and comments. */
export function isApplicationData({ marker }: JpegSegment): boolean {
  return (marker >= JPEG_MARKER.APP0 && marker <= JPEG_MARKER.APP15) || marker === JPEG_MARKER.COM;
}

/**
 * What of a JPEG's application data changes how it is shown, written anew: JFIF, Adobe's colour transform, the
 * orientation, the colour profile. Of each kind but the profile, the first segment counts.
 */
export class ApplicationData {
  readonly #file: Buffer;
  #jfif: Buffer | undefined;
  #adobeTransform: number | undefined;
  #orientation: ExifOrientation | undefined;
  readonly #profileParts: Buffer[] = [];
  #profileBytes = 0;

  constructor(file: Buffer) {
    this.#file = file;
  }

  /** @throws ContentRejectedError metadata_too_large */
  add({ marker, start, dataEnd }: JpegSegment): void {
    const data = this.#file.subarray(start + 4, dataEnd);
    const is = (of: number, name: string) => marker === of && data.toString('latin1', 0, name.length) === name;
    if (is(JPEG_MARKER.APP0, JFIF) && data.length >= 14) this.#jfif ??= data.subarray(7, 12);
    else if (is(JPEG_MARKER.APP14, ADOBE) && data.length >= 12) this.#adobeTransform ??= data[11];
    else if (is(JPEG_MARKER.APP1, EXIF)) this.#orientation ??= readOrientation(data);
    else if (is(JPEG_MARKER.APP2, PROFILE)) this.#addProfilePart(data.subarray(PROFILE.length));
  }

  /** @param frame the first frame; with it, Adobe's transform has a meaning */
  *segments({ components }: JpegFrame): Generator<Buffer> {
    if (this.#jfif) yield jpegSegment(JPEG_MARKER.APP0, Buffer.concat([JFIF_HEAD, this.#jfif, NO_THUMBNAIL]));
    if (this.#adobeTransform !== undefined) {
      const transform = this.#adobeTransform === 0 ? 0 : (TRANSFORMS[components.length] ?? 0);
      yield jpegSegment(JPEG_MARKER.APP14, Buffer.concat([ADOBE_HEAD, Buffer.from([transform])]));
    }
    if (this.#orientation !== undefined && this.#orientation !== 1) {
      const exif = Buffer.concat([Buffer.from(EXIF, 'latin1'), writeOrientation(this.#orientation)]);
      yield jpegSegment(JPEG_MARKER.APP1, exif);
    }
    const profile = joinedProfile(this.#profileParts);
    const rebuilt = profile && rebuildProfile(profile);
    if (rebuilt) yield* profileSegments(rebuilt);
  }

  #addProfilePart(part: Buffer): void {
    this.#profileBytes += part.length;
    if (this.#profileBytes > IMAGE_LIMITS.colourProfileBytes + PART_HEADS) throw profileTooLarge();
    this.#profileParts.push(part);
  }
}

/** Version 1.02. Decoders warn about versions that they do not know, and no version says anything else. */
const JFIF_HEAD = Buffer.from(`${JFIF}\x01\x02`, 'latin1');
/** Its columns and rows. */
const NO_THUMBNAIL = Buffer.alloc(2);
/** Version 100 and no flags; the colour transform follows. */
const ADOBE_HEAD = Buffer.from(`${ADOBE}\0\x64\0\0\0\0`, 'latin1');
/** Number of components -> the transform that decoders assume for every code that they do not know. */
const TRANSFORMS: Readonly<Record<number, number>> = { 3: 1, 4: 2 };

/** The number of a part, and how many there are: a byte each. */
const PART_HEAD = 2;
const MOST_PARTS = 255;
const PART_HEADS = MOST_PARTS * PART_HEAD;
/** What fits into one segment beside its length, the name and the part's head. */
const PART_BYTES = 0xffff - 2 - PROFILE.length - PART_HEAD;

/** Undefined when a part is missing or there twice: no decoder uses such a profile. */
function joinedProfile(parts: readonly Buffer[]): Buffer | undefined {
  const ordered = parts.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  const isWhole = ordered.every((part, index) => part[0] === index + 1 && part[1] === parts.length);
  return isWhole && parts.length > 0 ? Buffer.concat(ordered.map((part) => part.subarray(PART_HEAD))) : undefined;
}

function* profileSegments(profile: Buffer): Generator<Buffer> {
  const count = Math.ceil(profile.length / PART_BYTES);
  for (let index = 0; index < count; index++) {
    const part = profile.subarray(index * PART_BYTES, (index + 1) * PART_BYTES);
    const head = Buffer.from(`${PROFILE}${String.fromCharCode(index + 1, count)}`, 'latin1');
    yield jpegSegment(JPEG_MARKER.APP2, Buffer.concat([head, part]));
  }
}
