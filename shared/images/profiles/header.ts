import { requireThat } from './unusable-profile.ts';

/** What the tags of a profile depend on (ICC.1:2022, 7.2). */
export interface ProfileHeader {
  /** The profile up to the size that it declares; decoders ignore what follows. */
  readonly content: Buffer;
  readonly majorVersion: 2 | 4;
  readonly colourSpace: ColourSpace;
  readonly connectionSpace: ConnectionSpace;
}

export type ColourSpace = 'RGB ' | 'GRAY' | 'CMYK';
export type ConnectionSpace = 'XYZ ' | 'Lab ';

/** Channels of the colour spaces that images in the accepted formats can have. */
export const CHANNELS: Readonly<Record<ColourSpace, number>> = { 'RGB ': 3, GRAY: 1, CMYK: 4 };

export const HEADER_BYTES = 128;

/**
 * Reads the header and checks the fields that change colours. Profiles of version 5 (ICC.2) can hold programs.
 * @throws UnusableProfileError
 */
export function readHeader(profile: Buffer): ProfileHeader {
  requireThat(profile.length >= HEADER_BYTES + 4, 'it has a header and a tag count');
  const size = profile.readUInt32BE(AT.size);
  requireThat(size >= HEADER_BYTES + 4 && size <= profile.length, 'its declared size is within the data');
  requireThat(textAt(profile, AT.signature) === 'acsp', 'it has the signature of a profile');
  requireThat(PROFILE_CLASSES.has(textAt(profile, AT.profileClass)), 'it belongs to a device or a colour space');
  requireThat(isD50(profile), 'its illuminant is D50');
  return {
    content: profile.subarray(0, size),
    majorVersion: oneOf([2, 4], profile.readUInt8(AT.version)),
    colourSpace: oneOf(['RGB ', 'GRAY', 'CMYK'], textAt(profile, AT.colourSpace)),
    connectionSpace: oneOf(['XYZ ', 'Lab '], textAt(profile, AT.connectionSpace)),
  };
}

/**
 * A header with the fields that change colours, and zero for what identifies a device, a program or a moment: preferred
 * CMM, date, platform, manufacturer, model, creator and profile id may all be zero. The size is left to the caller.
 */
export function cleanHeader({ content }: ProfileHeader): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  for (const [start, bytes] of COPIED) content.copy(header, start, start, start + bytes);
  header.writeUInt8(content.readUInt8(AT.version), AT.version);
  header.writeUInt8(Math.min(content.readUInt8(AT.version + 1) & 0xf0, 0x40), AT.version + 1);
  header.writeUInt8(content.readUInt8(AT.flags + 3) & 0b11, AT.flags + 3);
  header.writeUInt8(content.readUInt8(AT.attributes + 7) & 0b1111, AT.attributes + 7);
  const intent = content.readUInt32BE(AT.intent);
  header.writeUInt32BE(intent <= LAST_INTENT ? intent : 0, AT.intent);
  return header;
}

const AT = {
  size: 0,
  version: 8,
  profileClass: 12,
  colourSpace: 16,
  connectionSpace: 20,
  signature: 36,
  flags: 44,
  attributes: 56,
  intent: 64,
  illuminant: 68,
} as const;

const COPIED = [
  [AT.profileClass, 12],
  [AT.signature, 4],
  [AT.illuminant, 12],
] as const;

/** Scanners and cameras, displays, printers, colour spaces. Links, abstract and named colours describe no image. */
const PROFILE_CLASSES = new Set(['scnr', 'mntr', 'prtr', 'spac']);

/** Absolute colorimetric. */
const LAST_INTENT = 3;

/** s15Fixed16Number. */
const D50 = [0xf6d6, 0x10000, 0xd32d] as const;

/** Chromium ignores a profile whose illuminant differs by more than 0.01. */
const TOLERANCE = 0.01 * 0x10000;

function isD50(profile: Buffer): boolean {
  return D50.every((value, at) => Math.abs(profile.readInt32BE(AT.illuminant + 4 * at) - value) <= TOLERANCE);
}

function oneOf<const T>(allowed: readonly T[], value: unknown): T {
  const found = allowed.find((one) => one === value);
  requireThat(found !== undefined, `one of its fields is ${allowed.join(' or ')}`);
  return found;
}

function textAt(profile: Buffer, start: number): string {
  return profile.toString('latin1', start, start + 4);
}
