import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { stripMetadata } from '../../../../shared/images/strip-metadata.ts';
import { box, boxContent, boxes, type Content, joined, number } from '../../../fixtures/containers.ts';
import { heicNamedAvif } from '../../../fixtures/hostile-files.ts';
import { avifPicture, pngPicture, transparentAvif } from '../../../fixtures/pictures.ts';
import { secret, secretsIn } from '../../../fixtures/tagged/secrets.ts';
import { taggedAvif, taggedTransparentAvif } from '../../../fixtures/tagged/tagged-avif.ts';

function strip(file: Uint8Array): Buffer {
  return Buffer.from(stripMetadata(file, 'image/avif'));
}

const REFUSED = expect.objectContaining({ code: 'metadata_not_strippable' });

/** `file` with `content` written over the first `text`, or the last. */
function overwritten(file: Buffer, text: Content, content: Content, which: 'first' | 'last' = 'first'): Buffer {
  const changed = Buffer.from(file);
  const at = which === 'first' ? file.indexOf(text) : file.lastIndexOf(text);
  if (at < 0) throw new RangeError('there is no such text');
  joined(content).copy(changed, at);
  return changed;
}

/** What is said of an item in the list of places of the tagged files, by its distance from the item's id. */
const METHOD = 2;
const REFERENCE = 4;
const FIRST_PLACE = 8;
const XMP = 102;

/** Where the list of places names an item. */
function itemEntry(file: Buffer, id: number): number {
  const list = boxContent(boxContent(file, 'meta').subarray(4), 'iloc');
  const at = list.indexOf(joined(number(id, 2), '\0\0\0\0\0'), 8);
  if (at < 0) throw new RangeError(`there is no item ${id}`);
  return file.indexOf(list) + at;
}

/** A picture and nothing else. */
async function plainAvif(): Promise<Buffer> {
  const picture = sharp(await pngPicture());
  return picture.avif({ effort: 0 }).toBuffer();
}

/** A good picture with one more `item` in its list of places, which stands at the end of the file. */
async function withItem(item: Buffer): Promise<Buffer> {
  const file = await plainAvif();
  const meta = boxContent(file, 'meta');
  const children = boxes(meta.subarray(4)).map(({ type, data }) => {
    if (type !== 'iloc') return box(type, data);
    const places = Buffer.from(data);
    places.writeUInt16BE(2, 6);
    places.writeUInt32BE(data.readUInt32BE(12) - meta.length - 8, 12);
    return box(type, joined(places, item));
  });
  const start = file.indexOf(meta) - 8;
  return joined(
    file.subarray(0, start),
    file.subarray(start + 8 + meta.length),
    box('meta', joined('\0\0\0\0', ...children)),
  );
}

describe('what an AVIF keeps', () => {
  it('stands where it stood, everything else is zeros or cut off', async () => {
    const file = await taggedAvif();
    const stripped = strip(file);
    expect(boxes(stripped).map(({ type }) => type)).toEqual(['ftyp', 'free', 'free', 'meta', 'mdat', 'mdat']);
    expect(boxes(stripped)[1]?.data.every((byte) => byte === 0)).toBe(true);
    const meta = boxContent(stripped, 'meta').subarray(4);
    expect(boxes(meta).map(({ type }) => type)).toEqual([
      'hdlr',
      'pitm',
      'iloc',
      'iinf',
      'iref',
      'iprp',
      'idat',
      'free',
      'free',
    ]);
    const profile = file.indexOf('colr') - 4;
    const profileEnd = profile + file.readUInt32BE(profile);
    for (let at = 0; at < stripped.length; at++) {
      const isRebuilt = at >= profile && at < profileEnd;
      if (stripped[at] !== file[at] && !isRebuilt)
        expect(stripped[at] === 0 || 'free skip'.includes(String.fromCharCode(stripped[at] ?? 0))).toBe(true);
    }
  });

  it('are its items and how they are decoded and turned, without names', async () => {
    const meta = boxContent(strip(await taggedTransparentAvif()), 'meta').subarray(4);
    const items = boxes(boxContent(meta, 'iinf').subarray(6));
    expect(items.map(({ data }) => data.toString('latin1', 8).replaceAll('\0', ''))).toEqual([
      'av01',
      'av01',
      'skip',
      'skip',
      'skip',
    ]);
    const properties = boxes(boxContent(boxContent(meta, 'iprp'), 'ipco')).map(({ type }) => type);
    expect(properties).toEqual(expect.arrayContaining(['av1C', 'ispe', 'pixi', 'colr', 'auxC', 'free']));
    expect(properties.filter((type) => !['av1C', 'ispe', 'pixi', 'colr', 'auxC', 'free'].includes(type))).toEqual([]);
  });

  it('is nothing that follows the last box, be it a box or not', async () => {
    const plain = strip(await avifPicture());
    for (const rest of [
      box('free', secret('free')),
      box('mpvd', secret('a film')),
      secret('no box'),
      '\0\0\0',
      '\0\0\0\x07free',
    ]) {
      expect(strip(joined(plain, rest)).equals(plain)).toBe(true);
    }
  });

  it('is no text behind the meaning of a property', async () => {
    const file = await taggedTransparentAvif();
    const auxiliary = file.indexOf('auxC') - 4;
    const description = file.indexOf('udes') - 4;
    file.writeUInt32BE(description + file.readUInt32BE(description) - auxiliary, auxiliary);
    expect(secretsIn(strip(file))).toEqual([]);
  });
});

describe('an AVIF with several images', () => {
  /** Two images, of which the second is the alpha of the first, or something else. */
  async function typesWith(text: Content, content: Content): Promise<string[]> {
    const file = overwritten(await taggedTransparentAvif(), text, content);
    const entries = boxes(boxContent(boxContent(strip(file), 'meta').subarray(4), 'iinf').subarray(6));
    return entries.map(({ data }) => data.toString('latin1', 8, 12)).slice(0, 2);
  }

  it('keeps the alpha', async () => {
    expect(await typesWith('auxl', 'auxl')).toEqual(['av01', 'av01']);
  });

  it('loses a depth map and a thumbnail', async () => {
    expect(await typesWith('auxiliary:alpha', 'auxiliary:depth')).toEqual(['av01', 'skip']);
    expect(await typesWith('auxl', 'thmb')).toEqual(['av01', 'skip']);
  });
});

describe('an AVIF is refused', () => {
  it('when it is a film in fragments, or one that breaks off', async () => {
    const file = await avifPicture();
    expect(() => strip(joined(file, box('moof', secret('moof'))))).toThrow(REFUSED);
    expect(() => strip(joined(file, box('moov', secret('moov'))))).toThrow(REFUSED);
  });

  it('when it refers to an item that is not there', async () => {
    const file = await taggedAvif();
    const reference = file.indexOf('cdsc') + 4;
    file.writeUInt16BE(999, reference);
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it.each(['hvc1', 'grix', 'jpeg', 'iovl'])('when it has items of a type that nobody knows: %s', async (type) => {
    const file = overwritten(await taggedTransparentAvif(), 'av01', type);
    expect(() => strip(file)).toThrow(REFUSED);
    expect(() => strip(overwritten(file, 'av01', type))).toThrow(REFUSED);
  });

  it('when it has a property that nobody knows', async () => {
    const file = overwritten(await taggedAvif(), 'pixi', 'pixy');
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it('when it is HEIC', async () => {
    const file = await heicNamedAvif();
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it.each([
    ['the picture', 1],
    ['XMP', XMP],
  ])('when bytes are in another file, or a part of another item: %s', async (_, id) => {
    const file = await taggedAvif();
    for (const at of [METHOD, REFERENCE]) {
      const elsewhere = Buffer.from(file);
      elsewhere.writeUInt16BE(2, itemEntry(file, id) + at);
      expect(() => strip(elsewhere)).toThrow(REFUSED);
    }
  });

  it('when metadata shares bytes with a picture', async () => {
    const file = await taggedAvif();
    const start = itemEntry(file, 1) + FIRST_PLACE;
    file.copy(file, itemEntry(file, XMP) + FIRST_PLACE, start, start + 4);
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it('when an item is listed twice, so that text could be said to be a picture', async () => {
    const file = overwritten(await taggedTransparentAvif(), 'av01', 'tmap', 'last');
    expect(secretsIn(strip(file))).toEqual([]);
    file.writeUInt16BE(2, itemEntry(file, XMP));
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it('when its pictures share bytes', async () => {
    const file = await transparentAvif();
    const list = file.indexOf(boxContent(boxContent(file, 'meta').subarray(4), 'iloc'));
    const entries = [list + 8, list + 8 + 18] as const; // each with its offset after 4 bytes, its length after 14
    for (const field of [4, 14]) file.copy(file, entries[1] + field, entries[0] + field, entries[0] + field + 4);
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it('when its picture is not all there, or something else', async () => {
    const file = await plainAvif();
    const media = file.indexOf('mdat') - 4;
    expect(() => strip(file.subarray(0, -1))).toThrow(REFUSED);
    expect(() => strip(file.subarray(0, media))).toThrow(REFUSED);
    const shorter = Buffer.from(file);
    shorter.writeUInt32BE(file.readUInt32BE(media) - 1, media);
    expect(() => strip(shorter)).toThrow(REFUSED);
    const behind = Buffer.from(file);
    behind.writeUInt32BE(7, media); // no box begins there
    expect(() => strip(behind)).toThrow(REFUSED);
    file.write(secret('the picture'), media + 8);
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it('when it shows metadata', async () => {
    const file = await taggedAvif();
    file.writeUInt16BE(XMP, file.indexOf('pitm') + 8);
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it('when its items are in more places than any picture needs', async () => {
    const places = (count: number) => joined(...Array(count).fill(joined(number(0, 4), number(1, 4))));
    const file = (count: number) =>
      withItem(joined(number(XMP, 2), '\0\0', number(0, 4), number(count, 2), places(count)));
    expect(await sharp(strip(await file(30))).metadata()).toMatchObject({ width: 400, height: 300 });
    const many = await file(20_001);
    expect(() => strip(many)).toThrow(REFUSED);
  });

  it('when it has a box twice that there must be once', async () => {
    const file = await avifPicture();
    const meta = box('meta', boxContent(file, 'meta'));
    expect(() => strip(joined(file, meta))).toThrow(REFUSED);
    expect(() => strip(joined(file, box('ftyp', boxContent(file, 'ftyp'))))).toThrow(REFUSED);
    const itemData = overwritten(await taggedAvif(), 'xml ', 'idat');
    expect(() => strip(itemData)).toThrow(REFUSED);
  });

  it('when text stands among its brands', async () => {
    const file = await avifPicture();
    const ftyp = boxContent(file, 'ftyp');
    const brands = box('ftyp', joined(ftyp, box('free', secret('free..'))));
    expect(() => strip(joined(brands, file.subarray(ftyp.length + 8)))).toThrow(REFUSED);
  });

  it('when it has more boxes inside another than any picture needs', async () => {
    const file = await avifPicture();
    const start = file.indexOf('meta') - 4;
    const more = joined(...Array(20_001).fill(box('free', '')));
    const meta = box('meta', joined(boxContent(file, 'meta'), more));
    expect(() => strip(joined(file.subarray(0, start), meta))).toThrow(REFUSED);
  });
});
