import { IMAGE_LIMITS } from '../../image-limits.ts';
import { profileTooLarge } from '../../image-rejections.ts';
import { rebuildProfileInPlace } from '../../profiles/rebuild-profile.ts';
import { type Box, emptyBox } from './boxes.ts';

/** How the content of `colr` begins when a profile follows (ISO/IEC 14496-12, 12.1.5): restricted, or any. */
const PROFILES: ReadonlySet<string> = new Set(['rICC', 'prof']);
const KIND_BYTES = 4;

/**
 * Rebuilds the colour profile in a `colr` box, in place; empties the box if no decoder could use it. Colours that are
 * described by numbers stay as they are.
 * @throws ContentRejectedError metadata_too_large
 */
export function rebuildColour(file: Buffer, colr: Box): void {
  const profileAt = colr.contentStart + KIND_BYTES;
  if (!PROFILES.has(file.toString('latin1', colr.contentStart, profileAt))) return;
  const profile = file.subarray(profileAt, colr.end);
  if (profile.length > IMAGE_LIMITS.colourProfileBytes) throw profileTooLarge();
  const rebuilt = rebuildProfileInPlace(profile);
  if (rebuilt === undefined) emptyBox(file, colr);
  else rebuilt.copy(file, profileAt);
}
