import { describe, expect, it } from 'vitest';
import { attachmentKey, previewKey } from '../../shared/storage/object-keys.ts';

const fileId = '0f8c2d1e';

describe('the keys of an attachment', () => {
  it('stand below the month of its upload', () => {
    const createdAt = '2026-03-09T10:11:12.345Z';
    expect(attachmentKey({ createdAt, fileId, extension: 'pdf' })).toBe('attachments/2026/03/0f8c2d1e.pdf');
    expect(previewKey({ createdAt, fileId })).toBe('previews/2026/03/0f8c2d1e.webp');
  });

  it.each([
    ['2025-12-31T23:59:59.999Z', '2025/12'],
    ['2026-01-01T00:00:00.000Z', '2026/01'],
    ['2026-01-01T00:30:00.000+01:00', '2025/12'],
  ])('have the month of %s in UTC', (createdAt, month) => {
    expect(attachmentKey({ createdAt, fileId, extension: 'bin' })).toBe(`attachments/${month}/0f8c2d1e.bin`);
  });

  it('cannot be made of what is no time or no name', () => {
    expect(() => previewKey({ createdAt: 'yesterday', fileId })).toThrow(RangeError);
    const createdAt = '2026-03-09T10:11:12.345Z';
    expect(() => previewKey({ createdAt, fileId: '../x' })).toThrow(expect.objectContaining({ code: 'invalid_key' }));
  });
});
