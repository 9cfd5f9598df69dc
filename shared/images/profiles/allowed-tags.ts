import { CHANNELS, type ColourSpace, type ProfileHeader } from './header.ts';
import { requireThat } from './unusable-profile.ts';

/** Which element types a tag may have, and for a lookup table its input and output channels. */
interface TagRule {
  readonly types: readonly string[];
  readonly channels?: (device: number) => readonly [inputs: number, outputs: number];
}

/** The connection space, XYZ or Lab, has three channels. */
const CONNECTION = 3;

const XYZ: TagRule = { types: ['XYZ '] };
const CURVE: TagRule = { types: ['curv', 'para'] };
const TO_CONNECTION: TagRule = { types: ['mft1', 'mft2', 'mAB '], channels: (device) => [device, CONNECTION] };
const FROM_CONNECTION: TagRule = { types: ['mft1', 'mft2', 'mBA '], channels: (device) => [CONNECTION, device] };
const GAMUT: TagRule = { types: ['mft1', 'mft2', 'mBA '], channels: () => [CONNECTION, 1] };

/**
 * The tags that a colour transform uses, in the order in which they are written. Lookup tables come first, because Skia
 * refuses one that ends with the profile: it reads two bytes further.
 *
 * Not on the list are `D2B0` to `B2D3`, whose element type `mpet` lists processing elements by offset, so that one can be
 * listed any number of times: a PNG of 852 bytes that lists one matrix 20,000 times takes lcms 27 s. Browsers ignore
 * these tags.
 */
const ANY_SPACE: Readonly<Record<string, TagRule>> = {
  A2B0: TO_CONNECTION,
  A2B1: TO_CONNECTION,
  A2B2: TO_CONNECTION,
  B2A0: FROM_CONNECTION,
  B2A1: FROM_CONNECTION,
  B2A2: FROM_CONNECTION,
  gamt: GAMUT,
  wtpt: XYZ,
  bkpt: XYZ,
  chad: { types: ['sf32'] },
};

const TAGS: Readonly<Record<ColourSpace, Readonly<Record<string, TagRule>>>> = {
  'RGB ': {
    ...ANY_SPACE,
    rXYZ: XYZ,
    gXYZ: XYZ,
    bXYZ: XYZ,
    rTRC: CURVE,
    gTRC: CURVE,
    bTRC: CURVE,
    cicp: { types: ['cicp'] },
  },
  GRAY: { ...ANY_SPACE, kTRC: CURVE },
  CMYK: ANY_SPACE,
};

/** The signatures of the tags that may stay, in the order in which they are written. */
export function allowedSignatures(colourSpace: ColourSpace): readonly string[] {
  return Object.keys(TAGS[colourSpace]);
}

/** Whether the element is of a type that this tag may have. */
export function isAllowedType(signature: string, element: Buffer, { colourSpace }: ProfileHeader): boolean {
  return TAGS[colourSpace][signature]?.types.includes(element.toString('latin1', 0, 4)) === true;
}

/**
 * @param element rebuilt, so that its channels are where its type says
 * @throws UnusableProfileError when a lookup table does not lead from the colour space to the connection space or back
 */
export function requireChannels(signature: string, element: Buffer, { colourSpace }: ProfileHeader): void {
  const [inputs, outputs] = TAGS[colourSpace][signature]?.channels?.(CHANNELS[colourSpace]) ?? [];
  if (inputs === undefined) return;
  requireThat(element[8] === inputs && element[9] === outputs, `"${signature}" has the channels of its colour spaces`);
}

/**
 * The tags without which colours cannot be computed (ICC.1:2022, clause 8).
 * @throws UnusableProfileError
 */
export function requireTransform(signatures: ReadonlySet<string>, header: ProfileHeader): void {
  const has = (needed: readonly string[]) => needed.every((signature) => signatures.has(signature));
  const hasMatrix = header.connectionSpace === 'XYZ ' && has(['rXYZ', 'gXYZ', 'bXYZ', 'rTRC', 'gTRC', 'bTRC']);
  requireThat(
    header.colourSpace === 'GRAY' ? has(['kTRC']) : has(['A2B0']) || hasMatrix,
    'it has all tags of a transform to its connection space',
  );
}
