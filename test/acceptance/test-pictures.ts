import sharp from 'sharp';
import { jpegPhoto, pngPicture } from '../fixtures/pictures.ts';
import { cornerColours, isNear } from '../fixtures/scene.ts';
import { type Picture, shownPicture, type UploadOptions, upload } from './client.ts';
import { type Person, signIn } from './people.ts';

export type Colour = readonly [number, number, number];
export const RED: Colour = [200, 30, 30];
export const BLUE: Colour = [30, 30, 200];

/** The scene, upright, as an ordinary PNG. */
export async function scenePng(): Promise<Picture> {
  return { bytes: await pngPicture(), contentType: 'image/png' };
}

/** The scene as a camera stores it. */
export async function photo(): Promise<Picture> {
  return { bytes: await jpegPhoto({ orientation: 6 }), contentType: 'image/jpeg' };
}

/** One colour everywhere. Not compressed, so that two of the same side have the same length. */
export async function plainPng(colour: Colour, side = 64): Promise<Picture> {
  const [r, g, b] = colour;
  const plain = sharp({ create: { width: side, height: side, channels: 3, background: { r, g, b } } });
  return { bytes: await plain.png({ compressionLevel: 0 }).toBuffer(), contentType: 'image/png' };
}

/** Whether an avatar shows one colour everywhere. */
export async function shows(avatar: string, colour: Colour): Promise<boolean> {
  const corners = await cornerColours(await shownPicture(avatar));
  return Object.values(corners).every((corner) => isNear(corner, colour, 15));
}

/** Ends once whatever was sent before has been looked at: a picture sent now has come to its end. */
export async function settle(): Promise<void> {
  await upload(await signIn(), await plainPng(RED));
}

/** Somebody new who has an avatar. */
export async function personWithAvatar(picture: Picture, options: UploadOptions = {}): Promise<Person> {
  const person = await signIn();
  const { status } = await upload(person, picture, options);
  if (status !== 'ready') throw new Error(`the avatar ended ${status}`);
  return person;
}
