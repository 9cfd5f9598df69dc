import { bufferOf } from '../buffer-of.ts';
import { allowedSignatures, isAllowedType, requireChannels, requireTransform } from './allowed-tags.ts';
import { rebuildElement } from './elements.ts';
import { fixedTexts } from './fixed-texts.ts';
import { cleanHeader, type ProfileHeader, readHeader } from './header.ts';
import { layOut, type ProfileTag } from './lay-out.ts';
import { readTagTable, requireNoPartialOverlap, type TagEntry } from './tag-table.ts';
import { UnusableProfileError } from './unusable-profile.ts';

/**
 * An ICC profile (versions 2 and 4) written anew from what a colour transform needs: the header fields, tags and element
 * types on the lists in this folder. Descriptions, names of devices and programs, times, measurements and private tags
 * are gone, and so is every element whose cost for a decoder is not linear in its length. Colours stay exactly the same.
 *
 * Takes time linear in the length of `profile`, which the caller bounds. Rebuilding the result returns the same bytes.
 *
 * @returns undefined if decoders could not use it: it is damaged, for no RGB, grey or CMYK image, or without a transform
 */
export function rebuildProfile(profile: Uint8Array): Buffer | undefined {
  const kept = keptParts(profile);
  return kept && layOut(cleanHeader(kept.header), [...kept.tags, ...fixedTexts(kept.header)]);
}

/**
 * The same in exactly as many bytes as `profile` has, for containers whose offsets cannot move. Zeros fill the space up
 * to the size in the header, a multiple of 4 as ICC.1:2022, 7.2.2 demands, and the at most three bytes after it. A profile
 * too small for `desc` and `cprt`, which decoders do not read, does without them.
 *
 * @returns undefined as `rebuildProfile` does, and if the tags do not fit when each is aligned to 4 bytes
 */
export function rebuildProfileInPlace(profile: Uint8Array): Buffer | undefined {
  const kept = keptParts(profile);
  if (kept === undefined) return undefined;
  const header = cleanHeader(kept.header);
  const whole = layOut(header, [...kept.tags, ...fixedTexts(kept.header)]);
  const fitting = whole.length <= profile.length ? whole : layOut(header, kept.tags);
  if (fitting.length > profile.length) return undefined;
  const padded = Buffer.alloc(profile.length);
  fitting.copy(padded);
  padded.writeUInt32BE(profile.length - (profile.length % 4), 0);
  return padded;
}

interface KeptParts {
  readonly header: ProfileHeader;
  readonly tags: readonly ProfileTag[];
}

function keptParts(profile: Uint8Array): KeptParts | undefined {
  try {
    const header = readHeader(bufferOf(profile));
    const table = readTagTable(header.content);
    const entries = keptEntries(table, header);
    requireNoPartialOverlap(entries, table);
    requireTransform(new Set(entries.map(({ signature }) => signature)), header);
    return { header, tags: rebuildTags(entries, header) };
  } catch (error) {
    if (error instanceof UnusableProfileError) return undefined;
    throw error;
  }
}

/** In the order of the list. Of two tags with one signature decoders read the first. */
function keptEntries(table: readonly TagEntry[], header: ProfileHeader): readonly TagEntry[] {
  return allowedSignatures(header.colourSpace)
    .map((signature) => table.find((entry) => entry.signature === signature))
    .filter((entry) => entry !== undefined)
    .filter(({ signature, element }) => isAllowedType(signature, element, header));
}

/** Rebuilds each element once, however many tags share it. */
function rebuildTags(entries: readonly TagEntry[], header: ProfileHeader): readonly ProfileTag[] {
  const rebuilt = new Map<number, Buffer>();
  return entries.map(({ signature, start, element: original }) => {
    const element = rebuilt.get(start) ?? rebuildElement(original);
    rebuilt.set(start, element);
    requireChannels(signature, element, header);
    return { signature, element };
  });
}
