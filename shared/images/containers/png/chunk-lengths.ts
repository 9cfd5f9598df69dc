/** What the lengths of other chunks depend on (PNG 3, 11.2.1). */
export interface PngHeader {
  /** 0 grey, 2 colour, 3 palette, 4 grey with alpha, 6 colour with alpha. */
  readonly colourType: number;
}

export const HEADER_BYTES = 13;

/** Whether it has one colour channel. */
export function isGrey({ colourType }: PngHeader): boolean {
  return colourType === 0 || colourType === 4;
}

const MOST_PALETTE_BYTES = 768;

/** From which length to which a chunk may have. */
type LengthRule = (header: PngHeader, paletteEntries: number) => { readonly least: number; readonly most: number };

/**
 * Whether a chunk of this type may have this length; of the types whose chunks are kept (PNG 3, 11). Undefined for
 * every other type.
 */
export function isPossibleLength(
  type: string,
  length: number,
  { header, paletteEntries }: { readonly header: PngHeader; readonly paletteEntries: number },
): boolean | undefined {
  const expected = LENGTHS[type];
  if (expected === undefined) return undefined;
  if (typeof expected === 'number') return length === expected;
  const { least, most } = expected(header, paletteEntries);
  return length >= least && length <= most;
}

const any = () => ({ least: 0, most: Number.POSITIVE_INFINITY });

/** @param lengths colour type -> length; of other types, there can be no such chunk */
function byColourType(lengths: Readonly<Record<number, number>>): LengthRule {
  return ({ colourType }) => {
    const length = lengths[colourType] ?? Number.POSITIVE_INFINITY;
    return { least: length, most: length };
  };
}

/** The colour that is transparent; a palette has an opacity for each of its colours instead, or for the first of them. */
const transparency = byColourType({ 0: 2, 2: 6 });

/** A number: exactly this length. */
const LENGTHS: Readonly<Record<string, number | LengthRule>> = {
  IHDR: HEADER_BYTES,
  PLTE: () => ({ least: 3, most: MOST_PALETTE_BYTES }),
  IDAT: any,
  gAMA: 4,
  cHRM: 32,
  sRGB: 1,
  cICP: 4,
  mDCV: 24,
  cLLI: 8,
  iCCP: any,
  sBIT: byColourType({ 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 }),
  bKGD: byColourType({ 0: 2, 2: 6, 3: 1, 4: 2, 6: 6 }),
  pHYs: 9,
  tRNS: (header, paletteEntries) =>
    header.colourType === 3 ? { least: 1, most: paletteEntries } : transparency(header, paletteEntries),
  eXIf: any,
  acTL: 8,
  fcTL: 26,
  fdAT: () => ({ least: 4, most: Number.POSITIVE_INFINITY }),
};
