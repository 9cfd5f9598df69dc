import { thumbHashToAverageRGBA, thumbHashToRGBA } from 'thumbhash';
import { describe, expect, it } from 'vitest';
import { thumbHashOf } from '../../shared/images/thumb-hash.ts';
import { SCENE_COLOURS, storedScene } from '../fixtures/scene.ts';

describe('thumbHashOf', () => {
  it('draws a blurred picture of the same colours in the same places', () => {
    const hash = Buffer.from(thumbHashOf({ ...storedScene(32, 32), channels: 3 }), 'base64');
    const { w, rgba } = thumbHashToRGBA(hash);
    const at = (x: number, y: number) => Array.from(rgba.subarray((y * w + x) * 4, (y * w + x) * 4 + 3));
    const nearest = (colour: readonly number[]) => {
      const distance = (other: readonly number[]) =>
        other.reduce((sum, v, i) => sum + Math.abs(v - (colour[i] ?? 0)), 0);
      return Object.entries(SCENE_COLOURS).sort((one, other) => distance(one[1]) - distance(other[1]))[0]?.[0];
    };
    expect(nearest(at(6, 6))).toBe('topLeft');
    expect(nearest(at(w - 7, 6))).toBe('topRight');
    expect(nearest(at(6, w - 7))).toBe('bottomLeft');
    expect(nearest(at(w - 7, w - 7))).toBe('bottomRight');
  });

  it('is short, and the same for the same pixels', () => {
    const pixels = { ...storedScene(32, 32), channels: 3 } as const;
    expect(thumbHashOf(pixels)).toBe(thumbHashOf(pixels));
    expect(thumbHashOf(pixels).length).toBeLessThanOrEqual(36);
  });

  it('knows transparency', () => {
    const clear = { data: Buffer.alloc(32 * 32 * 4), width: 32, height: 32, channels: 4 } as const;
    expect(thumbHashToAverageRGBA(Buffer.from(thumbHashOf(clear), 'base64')).a).toBe(0);
  });
});
