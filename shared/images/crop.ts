import type { Crop } from './formats.ts';

/** Width and height of an upright picture in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** A square of whole pixels inside a picture. */
export interface PixelSquare {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

/** Of a pixel: what a client may be off by after it turned pixels into fractions. */
const TOLERANCE = 0.5;

/** Whether the crop's square lies inside the picture, but for rounding, and is larger than nothing. */
export function isCropInside({ x, y, size }: Crop, { width, height }: PictureSize): boolean {
  const side = size * Math.min(width, height);
  const right = x * width + side;
  const bottom = y * height + side;
  return x >= 0 && y >= 0 && size > 0 && right <= width + TOLERANCE && bottom <= height + TOLERANCE;
}

/** The crop in whole pixels, never reaching outside; without one, the largest square in the middle. */
export function cropToPixels(crop: Crop | undefined, { width, height }: PictureSize): PixelSquare {
  const shorter = Math.min(width, height);
  if (crop === undefined) {
    return { left: Math.floor((width - shorter) / 2), top: Math.floor((height - shorter) / 2), side: shorter };
  }
  const side = clamp(Math.round(crop.size * shorter), 1, shorter);
  return {
    left: clamp(Math.round(crop.x * width), 0, width - side),
    top: clamp(Math.round(crop.y * height), 0, height - side),
    side,
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
