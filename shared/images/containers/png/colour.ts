import { CODE_POINT_PRIMARIES, CODE_POINT_TRANSFERS } from '../../profiles/code-points.ts';
import { makeProfile, type Primaries, SRGB_PRIMARIES } from '../../profiles/make-profile.ts';

/** The chunks of a PNG that say what its colours mean, each as its data; the profile unpacked. */
export interface PngColour {
  readonly isGrey?: boolean;
  readonly cICP?: Buffer;
  readonly profile?: Buffer | undefined;
  readonly sRGB?: Buffer;
  readonly gAMA?: Buffer;
  readonly cHRM?: Buffer;
}

/**
 * The profile that says the same as the chunk that wins (PNG 3, 4.3): cICP, the profile, sRGB, then gAMA with cHRM.
 * Undefined for sRGB, for chromaticities without a gamma, which browsers ignore, and for the two HDR transfers of cICP,
 * which no profile describes.
 */
export function profileOf({ isGrey = false, cICP, profile, sRGB, gAMA, cHRM }: PngColour): Buffer | undefined {
  if (cICP) return profileOfCodePoints(cICP, isGrey);
  if (profile || sRGB || !gAMA) return profile;
  const gamma = gAMA.readUInt32BE(0) / 100_000;
  const primaries = cHRM ? primariesIn(cHRM) : SRGB_PRIMARIES;
  return gamma > 0 ? makeProfile({ primaries, transfer: { gamma: 1 / gamma }, isGrey }) : undefined;
}

/** White, red, green, blue; x and y of each in 100,000ths. */
function primariesIn(cHRM: Buffer): Primaries {
  const at = (index: number) =>
    [cHRM.readUInt32BE(8 * index) / 100_000, cHRM.readUInt32BE(8 * index + 4) / 100_000] as const;
  return { white: at(0), red: at(1), green: at(2), blue: at(3) };
}

/** Colour primaries, transfer, matrix, range: a byte each (ITU-T H.273). */
function profileOfCodePoints(cICP: Buffer, isGrey: boolean): Buffer | undefined {
  const primaries = CODE_POINT_PRIMARIES[cICP[0] ?? 0];
  const transfer = CODE_POINT_TRANSFERS[cICP[1] ?? 0];
  return primaries && transfer && makeProfile({ primaries, transfer, isGrey });
}
