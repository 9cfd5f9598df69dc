import sharp from 'sharp';
import { type Corner, SCENE_COLOURS } from '../fixtures/scene.ts';

/** A picture of one colour, so that whoever sees a thumbnail knows which upload it came from. */
export interface Picture {
  readonly bytes: Buffer;
  readonly contentType: 'image/png' | 'image/jpeg';
}

export type PlainColour = 'red' | 'green' | 'blue' | 'yellow';

/** The colours of the scene's corners: what a crop shows can be named like any other picture. */
const CORNERS: Readonly<Record<PlainColour, Corner>> = {
  red: 'topLeft',
  green: 'topRight',
  blue: 'bottomLeft',
  yellow: 'bottomRight',
};

/** Different sides, so that no two pictures have the same number of bytes. */
const SIDES: Readonly<Record<PlainColour, number>> = { red: 64, green: 128, blue: 192, yellow: 256 };

const made = new Map<string, Promise<Picture>>();

/** A few hundred bytes of PNG, or of JPEG. Each is made once. */
export function plainPicture(colour: PlainColour, type: 'png' | 'jpeg' = 'png'): Promise<Picture> {
  const name = `${colour}.${type}`;
  const picture = made.get(name) ?? makePicture(colour, type);
  made.set(name, picture);
  return picture;
}

async function makePicture(colour: PlainColour, type: 'png' | 'jpeg'): Promise<Picture> {
  const [r, g, b] = SCENE_COLOURS[CORNERS[colour]];
  const side = SIDES[colour];
  const picture = sharp({ create: { width: side, height: side, channels: 3, background: { r, g, b } } });
  return { bytes: await picture.toFormat(type).toBuffer(), contentType: `image/${type}` };
}

/** The colour in the middle of a picture. */
export async function colourOf(picture: Uint8Array): Promise<PlainColour> {
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const middle = (Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2)) * info.channels;
  const distance = (colour: PlainColour) =>
    SCENE_COLOURS[CORNERS[colour]].reduce(
      (sum, value, channel) => sum + Math.abs(value - (data[middle + channel] ?? 0)),
      0,
    );
  const colours = Object.keys(CORNERS) as PlainColour[];
  return colours.reduce((nearest, colour) => (distance(colour) < distance(nearest) ? colour : nearest));
}
