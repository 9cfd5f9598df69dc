import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { rebuildProfileInPlace } from '../../../../shared/images/profiles/rebuild-profile.ts';
import { stripMetadata } from '../../../../shared/images/strip-metadata.ts';
import { box, boxContent, boxes, type Content, joined, number } from '../../../fixtures/containers.ts';
import { heicFile } from '../../../fixtures/hostile-files.ts';
import { secret, secretsIn } from '../../../fixtures/tagged/secrets.ts';
import { heicTile, nalUnit, plainHeic, seiUnit, taggedHeic } from '../../../fixtures/tagged/tagged-heic.ts';
import { changedBy, changes, HARMLESS, outcomeOfStripping } from '../../damaged-files.ts';

function strip(file: Uint8Array): Buffer {
  return Buffer.from(stripMetadata(file, 'image/heic'));
}

const REFUSED = expect.objectContaining({ code: 'metadata_not_strippable' });

/** Ids in the tagged file. */
const [GRID, THUMBNAIL, DEPTH, GAIN_MAP, XMP, OTHER] = [49, 50, 51, 52, 55, 56];

let file: Buffer;
let stripped: Buffer;
beforeAll(async () => {
  file = await taggedHeic();
  stripped = strip(file);
});

function metaOf(heic: Buffer): Buffer {
  return boxContent(heic, 'meta').subarray(4);
}

/** The types of the items by their ids. */
function itemTypes(heic: Buffer): Map<number, string> {
  const entries = boxes(boxContent(metaOf(heic), 'iinf').subarray(6));
  return new Map(entries.map(({ data }) => [data.readUInt16BE(4), data.toString('latin1', 8, 12)]));
}

/** The references by their types, each with the id that it starts from. */
function references(heic: Buffer): string[] {
  return boxes(boxContent(metaOf(heic), 'iref').subarray(4)).map(({ type, data }) => `${type} ${data.readUInt16BE(0)}`);
}

function properties(heic: Buffer): { readonly type: string; readonly data: Buffer }[] {
  return boxes(boxContent(boxContent(metaOf(heic), 'iprp'), 'ipco'));
}

/** A copy of the tagged file in which `content` stands over the first `text`, `distance` bytes behind its start. */
function changed(text: Content, content: Content, distance = 0): Buffer {
  const copy = Buffer.from(file);
  const at = file.indexOf(text);
  if (at < 0) throw new RangeError('there is no such text');
  joined(content).copy(copy, at + distance);
  return copy;
}

/** A plain file whose lists are changed, with the media in front of them. */
function withLists(change: (type: string, data: Buffer) => Buffer): Buffer {
  const plain = plainHeic();
  const start = plain.indexOf('meta') - 4;
  const end = start + plain.readUInt32BE(start);
  const changeBox = ({ type, data }: { readonly type: string; readonly data: Buffer }): Buffer => {
    if (type === 'iprp') return box(type, joined(...boxes(data).map(changeBox)));
    if (type !== 'iloc') return box(type, change(type, data));
    const places = Buffer.from(data);
    places.writeUInt32BE(data.readUInt32BE(16) - (end - start), 16);
    return box(type, places);
  };
  const meta = box('meta', joined('\0\0\0\0', ...boxes(metaOf(plain)).map(changeBox)));
  return joined(plain.subarray(0, start), plain.subarray(end), meta);
}

/** Where the list of places names an item. */
function placeOf(id: number): number {
  const list = boxContent(metaOf(file), 'iloc');
  return file.indexOf(list) + list.indexOf(joined(number(id, 2), '\0'), 8);
}

describe('a stripped HEIC', () => {
  it('has the secret nowhere', () => {
    expect(secretsIn(file).length).toBeGreaterThan(100);
    expect(secretsIn(stripped)).toEqual([]);
  });

  it('keeps the tiles, the grid and the gain map, and hides all other items', () => {
    const types = itemTypes(stripped);
    const kept = [...types].filter(([, type]) => type !== 'skip').map(([id]) => id);
    expect(kept).toEqual([...Array.from({ length: 48 }, (_, index) => index + 1), GRID, GAIN_MAP]);
    expect([types.get(1), types.get(GRID), types.get(GAIN_MAP)]).toEqual(['hvc1', 'grid', 'hvc1']);
  });

  it('has no reference from a thumbnail or a depth map', () => {
    const kept = references(stripped);
    expect(kept).toEqual(expect.arrayContaining([`dimg ${GRID}`, `auxl ${GAIN_MAP}`]));
    expect(kept.filter((one) => [` ${THUMBNAIL}`, ` ${DEPTH}`].some((id) => one.endsWith(id)))).toEqual([
      `skip ${THUMBNAIL}`,
      `skip ${DEPTH}`,
    ]);
  });

  it('keeps size, rotation and crop as they were, and a colour profile that is rebuilt', () => {
    const needed = new Set(['ispe', 'irot', 'clap']);
    const of = (heic: Buffer) => properties(heic).filter(({ type }) => needed.has(type));
    expect(of(stripped)).toEqual(of(file));
    const profileIn = (heic: Buffer) =>
      properties(heic)
        .find(({ type }) => type === 'colr')
        ?.data.subarray(4);
    const profile = profileIn(file) ?? expect.fail('it has no profile');
    expect(profileIn(stripped)?.equals(rebuildProfileInPlace(profile) ?? Buffer.alloc(0))).toBe(true);
  });

  it('keeps every byte of the tiles outside their messages', () => {
    expect(stripped.toString('latin1').split(heicTile().toString('latin1')).length - 1).toBe(12);
  });

  it('stays as it is when it is stripped again', () => {
    expect(strip(stripped).equals(stripped)).toBe(true);
  });

  it('ends with the last box that is needed', () => {
    expect(boxes(stripped).map(({ type }) => type)).toEqual(['ftyp', 'free', 'free', 'meta', 'mdat']);
  });

  it('is the same file when there was nothing to remove', () => {
    expect(strip(plainHeic()).equals(plainHeic())).toBe(true);
  });
});

describe('text in the lists of a HEIC', () => {
  it('is zeroed behind the last entry of references and of properties', () => {
    const text = secret('behind');
    const reference = box('cdsc', joined(number(1, 2), number(1, 2), number(1, 2), text));
    const copy = withLists((type, data) => {
      if (type === 'iref') return joined('\0\0\0\0', reference);
      return type === 'ipma' ? joined(data, text) : data;
    });
    expect(secretsIn(copy)).toHaveLength(2);
    expect(secretsIn(strip(copy))).toEqual([]);
  });

  it('is zeroed as the type of a reference, a group and an auxiliary image', () => {
    const copy = changed('cdsc', 'Home');
    copy.write('Home', copy.indexOf('altr'), 'latin1');
    copy.write(secret('aux'), copy.indexOf('urn:mpeg:hevc'), 'latin1');
    const result = strip(copy);
    expect(result.includes('Home')).toBe(false);
    expect(secretsIn(result)).toEqual([]);
  });

  it.each([6, 8])('is removed where a group counts it as ids: %i of them', (count) => {
    const copy = changed('altr', number(count, 4), 12);
    expect(secretsIn(strip(copy))).toEqual([]);
  });
});

describe('text in a coded image', () => {
  const units = (...parts: readonly Content[]) => plainHeic(joined(...parts, heicTile()));

  it.each([
    ['registered user data', seiUnit(4, secret('a message'))],
    ['unregistered user data', seiUnit(5, secret('a message'))],
    ['a long message', seiUnit(5, joined(Buffer.alloc(700, 1), secret('a message')))],
    ['a message of a type that is not known', seiUnit(150, secret('a message'))],
    ['a message that is too long for its type', seiUnit(144, secret('a message'))],
    ['a message behind the image', seiUnit(5, secret('a message'), 40)],
    ['filler', nalUnit(38, joined(secret('filler'), '\x80'))],
  ])('is overwritten, and the length stays: %s', (_, unit) => {
    const heic = units(unit);
    const result = strip(heic);
    expect(secretsIn(heic)).toHaveLength(1);
    expect(secretsIn(result)).toEqual([]);
    expect(result.length).toBe(heic.length);
    expect(strip(result).equals(result)).toBe(true);
  });

  it('is overwritten in the second message of a unit', () => {
    const brightness = '\x90\x04\x01\x02\x03\x04';
    const text = secret('a message');
    const unit = nalUnit(39, joined(brightness, '\x05', number(text.length, 1), text, '\x80'));
    const result = strip(units(unit));
    expect(secretsIn(result)).toEqual([]);
    expect(result.includes(brightness, undefined, 'latin1')).toBe(true);
  });

  it('leaves a message about brightness as it is', () => {
    const heic = units(seiUnit(144, '\x01\x02\x03\x04'));
    expect(strip(heic).equals(heic)).toBe(true);
  });

  it.each([
    ['a slice behind the image’s own', 31, ''],
    ['a unit that the standard leaves to others', 62, ''],
    ['a unit of a reserved type', 41, ''],
    ['a delimiter with text', 35, 'text'],
    ['an end with text', 36, 'text'],
  ])('is refused as %s', (_, type, content) => {
    expect(() => strip(units(nalUnit(type, content)))).toThrow(REFUSED);
  });

  it.each([
    ['a message that does not fit', nalUnit(39, '\x05\xf0text\x80')],
    ['a message without an end', nalUnit(39, '\x05\x04text')],
    ['a unit that does not fit', joined(number(4_000, 4), 'text')],
    ['a unit without a header', joined(number(1, 4), '\x4e')],
    ['half a length', '\0\0'],
  ])('is refused as %s', (_, unit) => {
    expect(() => strip(plainHeic(joined(heicTile(), unit)))).toThrow(REFUSED);
  });

  it('is refused behind the last unit', () => {
    expect(() => strip(plainHeic(joined(heicTile(), secret('behind the units'))))).toThrow(REFUSED);
  });
});

describe('a HEIC is refused', () => {
  it('when it is a film', () => {
    const film = (type: string) => joined(plainHeic(), box(type, secret(type)));
    expect(() => strip(film('moov'))).toThrow(REFUSED);
    expect(() => strip(film('moof'))).toThrow(REFUSED);
  });

  it.each(['av01', 'hvt1', 'iovl', 'jpeg', 'unci'])('when it has an item of another type: %s', (type) => {
    expect(() => strip(changed('hvc1', type))).toThrow(REFUSED);
  });

  it.each(['pixy', 'av1C', 'iscl', 'toSt'])('when it has a property that is not known: %s', (type) => {
    expect(() => strip(changed('pixi', type))).toThrow(REFUSED);
  });

  it('when an image has no configuration', () => {
    expect(() => strip(changed('hvcC', 'udes'))).toThrow(REFUSED);
  });

  it('when its configuration has other units, or more than fit', () => {
    const at = file.indexOf('hvcC') + 4;
    for (const [distance, content] of [
      [23, '\x3e'], // the type of the first array
      [23, '\x21'], // that of others
      [24, '\xff'], // its count
      [21, '\x0e'], // a length of three bytes
    ] as const) {
      const copy = Buffer.from(file);
      copy.write(content, at + distance, 'latin1');
      expect(() => strip(copy)).toThrow(REFUSED);
    }
  });

  it('when there are pixels in its configuration', () => {
    const hvcC = Buffer.from(properties(plainHeic())[0]?.data ?? '');
    hvcC[22] = hvcC.readUInt8(22) + 1;
    const slice = joined('\x02\x01', secret('a slice'));
    const withSlice = joined(hvcC, '\x01\0\x01', number(slice.length, 2), slice);
    expect(() => strip(plainHeic(heicTile(), withSlice))).toThrow(REFUSED);
  });

  it('when an image has no place', () => {
    const copy = Buffer.from(file);
    copy.writeUInt16BE(OTHER + 1, placeOf(GRID));
    expect(() => strip(copy)).toThrow(REFUSED);
  });

  it('when an item that is not there has properties', () => {
    const associations = boxContent(boxContent(metaOf(file), 'iprp'), 'ipma');
    const copy = Buffer.from(file);
    // The last one is the matte, which is removed.
    copy.writeUInt16BE(999, file.indexOf(associations) + associations.lastIndexOf(number(GAIN_MAP + 1, 2)));
    expect(() => strip(copy)).toThrow(REFUSED);
  });

  it('when bytes of an item are a part of another item, or in another file', () => {
    for (const id of [1, GRID, XMP]) {
      for (const field of [2, 4]) {
        const copy = Buffer.from(file);
        copy.writeUInt16BE(2, placeOf(id) + field);
        expect(() => strip(copy)).toThrow(REFUSED);
      }
    }
  });

  it('when metadata shares bytes with an image', () => {
    const copy = Buffer.from(file);
    file.copy(copy, placeOf(XMP) + 8, placeOf(1) + 8, placeOf(1) + 16);
    expect(() => strip(copy)).toThrow(REFUSED);
  });

  it('when it refers to an item that is not there', () => {
    const copy = changed('thmb', number(999, 2), 4);
    expect(() => strip(copy)).toThrow(REFUSED);
  });

  it('when an image is not all there', () => {
    expect(() => strip(file.subarray(0, file.length - 20_000))).toThrow(REFUSED);
    expect(() => strip(heicFile())).toThrow(REFUSED);
  });
});

describe('a HEIC with too much in its lists is refused', () => {
  const listOf = (list: string, content: Buffer) => withLists((type, data) => (type === list ? content : data));

  it.each([
    [
      'ids that items refer to',
      'iref',
      joined('\0\0\0\0', box('dimg', joined('\0\x01\x4e\x21', Buffer.alloc(40_002)))),
    ],
    [
      'items with properties',
      'ipma',
      joined('\0\0\0\0', number(20_001, 4), ...Array.from({ length: 20_001 }, (_, id) => joined(number(id, 2), '\0'))),
    ],
  ])('%s', (_, type, content) => {
    expect(() => strip(listOf(type, content))).toThrow(/too many/);
  });
});

describe('a HEIC whose pixels have more channels than images have', () => {
  it('is refused: text could be written as their depths', () => {
    expect(() => strip(changed('pixi', number(30, 1), 8))).toThrow(REFUSED);
  });
});

describe('a HEIC with several images', () => {
  it('keeps an image that is shown on its own, but no hidden one', () => {
    const types = (flags: number) => {
      const copy = changed(joined('infe\x02\0\0\0', number(THUMBNAIL, 2)), number(flags, 1), 7);
      copy.write('base', copy.indexOf('thmb'), 'latin1');
      return itemTypes(strip(copy)).get(THUMBNAIL);
    };
    expect([types(0), types(1)]).toEqual(['hvc1', 'skip']);
  });
});

describe('a damaged HEIC', () => {
  it('is refused, or has the secret nowhere', () => {
    fc.assert(
      fc.property(changes(file, 7_000), (list) => {
        expect(HARMLESS).toContainEqual(outcomeOfStripping(changedBy(file, list), 'image/heic'));
      }),
      { numRuns: 2_000 },
    );
  });
});
