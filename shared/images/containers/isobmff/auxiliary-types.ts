/**
 * The auxiliary images that belong to what is shown: alpha (MIAF 7.3.5.2, and as HEVC names it) and the gain map of an
 * HDR photo. Others, such as depth maps and masks of skin or hair, describe the scene.
 */
const SHOWN_TYPES: ReadonlySet<string> = new Set([
  'urn:mpeg:mpegB:cicp:systems:auxiliary:alpha',
  'urn:mpeg:hevc:2015:auxid:1',
  'urn:com:apple:photo:2020:aux:hdrgainmap',
]);

/**
 * Whether an auxiliary image is needed to show the main one.
 * @param content of an `auxC` or `auxi` box: version and flags, then the type as a string that ends with a zero
 */
export function isShownAuxiliary(content: Buffer): boolean {
  return SHOWN_TYPES.has(auxiliaryType(content));
}

/** How many bytes of the content the type takes. */
export function auxiliaryTypeEnd(content: Buffer): number {
  return 4 + auxiliaryType(content).length + 1;
}

/** Longer ones are unknown. Thousands of references may lead to the same property, so no more of it is read. */
const MOST_BYTES = 64;

function auxiliaryType(content: Buffer): string {
  const type = content.toString('latin1', 4, 4 + MOST_BYTES);
  return type.slice(0, Math.max(0, type.indexOf('\0')));
}
