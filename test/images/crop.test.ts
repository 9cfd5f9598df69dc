import { describe, expect, it } from 'vitest';
import { cropToPixels, isCropInside } from '../../shared/images/crop.ts';

const WIDE = { width: 400, height: 300 };
const TALL = { width: 300, height: 400 };

describe('isCropInside', () => {
  it('accepts squares inside the picture, its edges included', () => {
    for (const crop of [
      { x: 0, y: 0, size: 1 },
      { x: 0.25, y: 0, size: 1 },
      { x: 0.625, y: 0.5, size: 0.5 },
      { x: 0.999, y: 0.999, size: 0.001 },
    ]) {
      expect(isCropInside(crop, WIDE)).toBe(true);
    }
    expect(isCropInside({ x: 0, y: 0.25, size: 1 }, TALL)).toBe(true);
  });

  it('refuses squares that reach outside or are nothing', () => {
    for (const crop of [
      { x: 0.26, y: 0, size: 1 },
      { x: 0, y: 0.01, size: 1 },
      { x: -0.01, y: 0, size: 0.5 },
      { x: 0, y: 0, size: 0 },
      { x: 0, y: 0, size: 1.1 },
      { x: 0, y: 0, size: Number.NaN },
    ]) {
      expect(isCropInside(crop, WIDE), JSON.stringify(crop)).toBe(false);
    }
  });

  it('forgives half a pixel, which clients lose when they round', () => {
    expect(isCropInside({ x: 100.4 / 400, y: 0, size: 1 }, WIDE)).toBe(true);
    expect(isCropInside({ x: 100.6 / 400, y: 0, size: 1 }, WIDE)).toBe(false);
  });
});

describe('cropToPixels', () => {
  it('takes x of the width, y of the height and size of the shorter side', () => {
    expect(cropToPixels({ x: 0.5, y: 0.25, size: 0.5 }, WIDE)).toEqual({ left: 200, top: 75, side: 150 });
    expect(cropToPixels({ x: 0.5, y: 0.25, size: 0.5 }, TALL)).toEqual({ left: 150, top: 100, side: 150 });
  });

  it('takes the largest square in the middle when there is no crop', () => {
    expect(cropToPixels(undefined, WIDE)).toEqual({ left: 50, top: 0, side: 300 });
    expect(cropToPixels(undefined, { width: 3, height: 8 })).toEqual({ left: 0, top: 2, side: 3 });
  });

  it('stays inside and is at least a pixel, however the fractions round', () => {
    for (let step = 0; step < 1_000; step++) {
      const size = step / 999;
      const picture = { width: 1 + (step % 37), height: 1 + (step % 23) };
      const shorter = Math.min(picture.width, picture.height);
      const crop = { x: 1 - (size * shorter) / picture.width, y: 1 - (size * shorter) / picture.height, size };
      const { left, top, side } = cropToPixels(crop, picture);
      expect(side).toBeGreaterThanOrEqual(1);
      expect(left).toBeGreaterThanOrEqual(0);
      expect(top).toBeGreaterThanOrEqual(0);
      expect(left + side).toBeLessThanOrEqual(picture.width);
      expect(top + side).toBeLessThanOrEqual(picture.height);
    }
  });
});
