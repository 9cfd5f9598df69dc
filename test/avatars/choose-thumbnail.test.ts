import { describe, expect, it } from 'vitest';
import { chooseThumbnail } from '../../shared/avatars/choose-thumbnail.ts';

const BOTH = { webp: 100, jpg: 200 };

describe('the thumbnail that serves a request', () => {
  it('is the one asked for, when it is stored', () => {
    const sizes = { small: BOTH, medium: BOTH, large: BOTH };
    expect(chooseThumbnail({ sizes }, { size: 'medium', format: 'jpg' })).toEqual({
      size: 'medium',
      format: 'jpg',
      bytes: 200,
    });
  });

  it.each([
    { stored: { large: BOTH }, asked: 'small', chosen: 'large' },
    { stored: { medium: BOTH, large: BOTH }, asked: 'small', chosen: 'medium' },
    { stored: { small: BOTH, medium: BOTH }, asked: 'large', chosen: 'medium' },
    { stored: { small: BOTH, large: BOTH }, asked: 'medium', chosen: 'large' },
  ] as const)('is the next larger size, else the largest: $asked becomes $chosen', ({ stored, asked, chosen }) => {
    expect(chooseThumbnail({ sizes: stored }, { size: asked, format: 'webp' })).toMatchObject({
      size: chosen,
      format: 'webp',
    });
  });

  it('keeps to the format asked for, even at another size', () => {
    const sizes = { medium: { webp: 100 }, large: { jpg: 300 } };
    expect(chooseThumbnail({ sizes }, { size: 'medium', format: 'jpg' })).toMatchObject({
      size: 'large',
      format: 'jpg',
    });
  });

  it('is of another format when there is none in the format asked for', () => {
    expect(chooseThumbnail({ sizes: { small: { jpg: 50 } } }, { size: 'large', format: 'webp' })).toEqual({
      size: 'small',
      format: 'jpg',
      bytes: 50,
    });
  });

  it('is none when nothing is stored', () => {
    expect(chooseThumbnail({ sizes: {} }, { size: 'small', format: 'webp' })).toBeUndefined();
  });
});
