/** The limit of nearly every file system, in bytes of UTF-8. */
const MAX_BYTES = 255;
const FALLBACK = 'file';

/**
 * A file name as it is stored and handed out: NFC, without folders, without what nobody can see, at most 255 bytes of
 * UTF-8, never empty. Any script and every emoji stays. Cleaning a clean name changes nothing.
 */
export function cleanFilename(raw: string): string {
  const segments = raw.toWellFormed().split(/[/\\]/);
  const name = segments.map(visiblePart).findLast((segment) => segment !== '') ?? '';
  const short = shorten(name);
  return /^\.*$/.test(short) ? FALLBACK : short;
}

/**
 * Controls, line breaks, bidi overrides (`gpj.exe` shown as `exe.jpg`), zero-width characters, tags: Unicode calls nearly
 * all of them default ignorable. The last range is the annotation marks, which it does not.
 */
const HIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]/v;

/** Of these, what its neighbours need to be written right. */
const NEEDED = [
  // Joiners and separators in Persian, Sinhala, Mongolian and others, whose letters have no case.
  /(?<=[\p{Lo}--\p{Default_Ignorable_Code_Point}]\p{M}{0,9})[\u180E\u200C\u200D]/v,
  // Families, professions and flags of several emoji.
  /(?<=\p{Extended_Pictographic}[\uFE0F\p{Emoji_Modifier}]?)\u200D(?=\p{Extended_Pictographic})/v,
  /\p{RGI_Emoji_Tag_Sequence}/v,
  // One choice between the forms of a character: a coloured heart, the kanji of a family's name.
  /(?<=[[\p{L}\p{M}\p{N}\p{P}\p{S}]--\p{Default_Ignorable_Code_Point}])\p{Variation_Selector}/v,
];
const NEEDED_OR_HIDDEN = new RegExp(`(${NEEDED.map(({ source }) => source).join('|')})|${HIDDEN.source}`, 'gv');

function visiblePart(segment: string): string {
  return segment.replace(NEEDED_OR_HIDDEN, '$1').normalize('NFC').trim();
}

/** Cuts between the characters that a reader sees, so that no emoji is halved; the extension stays. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const extension = /\.[\p{L}\p{N}]{1,16}$/u.exec(name)?.[0] ?? '';
  const stem = name.slice(0, name.length - extension.length);
  let room = MAX_BYTES - Buffer.byteLength(extension);
  let kept = '';
  for (const { segment } of new Intl.Segmenter().segment(stem)) {
    room -= Buffer.byteLength(segment);
    if (room < 0) break;
    kept += segment;
  }
  return `${kept.trim() || FALLBACK}${extension}`;
}
