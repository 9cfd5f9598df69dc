import { describe, expect, it } from 'vitest';
import { isAcceptedType, knownType } from '../../shared/attachments/media-types.ts';

describe('an accepted type', () => {
  it.each([
    ['image/png', ['*'], true],
    ['image/png', ['image/*'], true],
    ['Image/PNG', ['image/png'], true],
    ['image/png', ['application/pdf', 'IMAGE/*'], true],
    ['imagex/png', ['image/*'], false],
    ['image/png', ['image/pn'], false],
    ['text/html', [], false],
  ])('%s among %j: %s', (type, accepted, expected) => {
    expect(isAcceptedType(type, accepted)).toBe(expected);
  });
});

describe('the type that a file is known by', () => {
  it.each([
    ['image/png', 'text/plain', 'image/png'],
    ['text/html', 'text/plain', 'text/html'],
    ['text/plain', 'Text/CSV', 'text/csv'],
    ['application/octet-stream', 'application/x-own', 'application/x-own'],
    ['application/octet-stream', 'image/png', 'application/octet-stream'],
    ['application/zip', 'video/mp4', 'application/zip'],
  ])('that looks like %s and was called %s is %s', (sniffed, declared, known) => {
    expect(knownType(sniffed, declared)).toBe(known);
  });
});
