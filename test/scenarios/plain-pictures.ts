import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { type Corner, SCENE_COLOURS } from '../fixtures/scene.ts';

/** An image of one colour: every thumbnail shows which upload it was made of. */
export interface Picture {
  readonly bytes: Buffer;
  readonly contentType: 'image/png' | 'image/jpeg';
}

export type PlainColour = 'red' | 'green' | 'blue' | 'yellow';

/** The colours of the scene's corners: what a crop shows can be named like any other image. */
const CORNERS: Readonly<Record<PlainColour, Corner>> = {
  red: 'topLeft',
  green: 'topRight',
  blue: 'bottomLeft',
  yellow: 'bottomRight',
};

/** Different sides, so that no two images have the same number of bytes. */
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

const seen = new Map<string, Promise<PlainColour>>();

/** The colour in the middle of an image. Equal bytes are decoded once. */
export function colourOf(image: Uint8Array): Promise<PlainColour> {
  const digest = createHash('sha256').update(image).digest('base64');
  const colour = seen.get(digest) ?? decodeColour(image);
  seen.set(digest, colour);
  return colour;
}

async function decodeColour(picture: Uint8Array): Promise<PlainColour> {
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
