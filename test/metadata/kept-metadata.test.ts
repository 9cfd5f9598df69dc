import { describe, expect, it } from 'vitest';
import { isPicture, isVideo, keepsMetadata } from '../../shared/metadata/kept-metadata.ts';

describe('a file that keeps its metadata', () => {
  it.each([
    ['video/mp4', false, true],
    ['video/webm', true, true],
    ['image/jpeg', false, true],
    ['image/heic', false, true],
    ['image/jpeg', true, false],
    ['image/svg+xml', false, false],
    ['audio/webm', false, false],
    ['application/pdf', false, false],
  ])('%s, stripped: %s, is one: %s', (contentType, metadataStripped, expected) => {
    expect(keepsMetadata({ contentType, metadataStripped })).toBe(expected);
  });

  it.each([
    ['video/mp4', true],
    ['Video/WebM', true],
    ['audio/mp4', false],
    ['videotex/x', false],
  ])('%s is a video: %s', (type, expected) => {
    expect(isVideo(type)).toBe(expected);
  });

  it.each([
    ['image/heic', true],
    ['image/svg+xml', false],
    ['application/pdf', false],
  ])('%s is an image of pixels: %s', (type, expected) => {
    expect(isPicture(type)).toBe(expected);
  });
});
