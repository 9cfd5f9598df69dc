import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LinkKeys, sign } from '../../shared/access/link-secret.ts';
import { type ListScope, MAX_CURSOR_CHARACTERS, openCursor, sealCursor } from '../../shared/attachments/list-cursor.ts';

const only = (key: Uint8Array): LinkKeys => ({ signing: key, accepted: [key] });
const key = randomBytes(32);
const keys = only(key);
const scope: ListScope = { organizationId: 'acme', sub: 'ada', filters: { contextId: 'chat-1', type: 'image/' } };
const position = 'FILE#2026-01-02T03:04:05.678Z#f-1';
const cursor = sealCursor(position, scope, keys);

const refusal = expect.objectContaining({
  code: 'invalid_request',
  details: { field: 'cursor', accepted: 'nextCursor of the page before, with the same filters' },
});

describe('a cursor', () => {
  it('goes on where its page ended, whatever the store calls that place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 150 }), (place) => {
        const sealed = sealCursor(place, scope, keys);
        expect(sealed).toMatch(/^[\w.-]+$/); // as it is in an address
        expect(openCursor(sealed, scope, keys)).toBe(place);
      }),
    );
  });

  it('does not depend on the order of filters, nor on those that are not given', () => {
    const filters = { uploader: undefined, type: 'image/', contextId: 'chat-1' };
    expect(openCursor(cursor, { ...scope, filters }, keys)).toBe(position);
  });

  it.each<[string, ListScope]>([
    ['another organization', { ...scope, organizationId: 'globex' }],
    ['another person', { ...scope, sub: 'eve' }],
    ['someone who sees all', { organizationId: scope.organizationId, filters: scope.filters }],
    ['another value of a filter', { ...scope, filters: { ...scope.filters, contextId: 'chat-2' } }],
    ['a filter less', { ...scope, filters: { type: 'image/' } }],
    ['a filter more', { ...scope, filters: { ...scope.filters, uploader: 'ada' } }],
    ['values under other names', { ...scope, filters: { contextId: 'image/', type: 'chat-1' } }],
    ['no filter', { ...scope, filters: {} }],
  ])('is refused to %s', (_whom, other) => {
    expect(() => openCursor(cursor, other, keys)).toThrow(refusal);
  });

  it('of who sees all is refused to a person', () => {
    const ofAdmin = sealCursor(position, { organizationId: 'acme', filters: {} }, keys);
    expect(() => openCursor(ofAdmin, { organizationId: 'acme', sub: 'null', filters: {} }, keys)).toThrow(refusal);
  });

  it('is refused when any of its characters is another, missing or one too many', () => {
    for (let at = 0; at <= cursor.length; at += 1) {
      const [before, after] = [cursor.slice(0, at), cursor.slice(at + 1)];
      const others = ['', ...'Aa0-_.+/= '].flatMap((other) => [
        before + other + after,
        before + other + cursor.slice(at),
      ]);
      for (const other of others.filter((one) => one !== cursor)) {
        expect(() => openCursor(other, scope, keys), other).toThrow(refusal);
      }
    }
  });

  it('is refused when it is anything else, and nothing else happens', () => {
    const anything = fc.oneof(
      fc.constantFrom('', '.', '..', position, cursor.split('.')[0] ?? '', `.${cursor.split('.')[1]}`, 'null'),
      fc.string({ unit: 'binary' }),
      fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
    );
    fc.assert(
      fc.property(anything, (text) => {
        expect(() => openCursor(text, scope, keys)).toThrow(refusal);
      }),
    );
  });

  it('is refused when another key made it, or the same one for a link', () => {
    expect(() => openCursor(sealCursor(position, scope, only(randomBytes(32))), scope, keys)).toThrow(refusal);
    const [encoded = ''] = cursor.split('.');
    const filters = [
      ['contextId', 'chat-1'],
      ['type', 'image/'],
    ];
    const parts = [encoded, 'acme', 'ada', filters];
    expect(openCursor(`${encoded}.${sign(keys, 'list-cursor', parts)}`, scope, keys)).toBe(position);
    expect(() => openCursor(`${encoded}.${sign(keys, 'content-link', parts)}`, scope, keys)).toThrow(refusal);
  });

  it('outlives a rotation of the secret', () => {
    const next = randomBytes(32);
    expect(openCursor(cursor, scope, { signing: next, accepted: [next, key] })).toBe(position);
    expect(() => openCursor(cursor, scope, only(next))).toThrow(refusal);
  });

  it('is never longer than its limit, made or taken', () => {
    const place = (length: number) => 'a'.repeat(length);
    expect(sealCursor(place(735), scope, keys)).toHaveLength(MAX_CURSOR_CHARACTERS);
    expect(() => sealCursor(place(736), scope, keys)).toThrow(RangeError);
    const long = Buffer.from(place(736)).toString('base64url');
    const parts = [long, 'acme', null, []];
    const forged = `${long}.${sign(keys, 'list-cursor', parts)}`;
    expect(() => openCursor(forged, { organizationId: 'acme', filters: {} }, keys)).toThrow(refusal);
  });
});
