import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stripMetadata } from '../../../../shared/images/strip-metadata.ts';
import { box, boxContent, boxes, type Content, joined, number } from '../../../fixtures/containers.ts';
import { secret, secretsIn } from '../../../fixtures/tagged/secrets.ts';
import { animatedAvif, taggedAnimatedAvif } from '../../../fixtures/tagged/tagged-animated-avif.ts';
import { changedBy, changes, HARMLESS, outcomeOfStripping } from '../../damaged-files.ts';

function strip(file: Uint8Array): Buffer {
  return Buffer.from(stripMetadata(file, 'image/avif'));
}

const REFUSED = expect.objectContaining({ code: 'metadata_not_strippable' });

/** A copy of the tagged film in which `content` stands over the first `text`, `distance` bytes behind its end. */
function changed(text: string, content: Content, distance = 0): Buffer {
  const file = taggedAnimatedAvif();
  const at = file.indexOf(text);
  if (at < 0) throw new RangeError('there is no such text');
  joined(content).copy(file, at + text.length + distance);
  return file;
}

/** A copy of the tagged film with another type for the first box of `type`. */
function renamed(type: string, other: string): Buffer {
  return changed(type, other, -type.length);
}

function tracks(file: Buffer): Buffer[] {
  return boxes(boxContent(file, 'moov')).flatMap(({ type, data }) => (type === 'trak' ? [data] : []));
}

function inside(content: Buffer, ...path: readonly string[]): Buffer {
  return path.reduce(boxContent, content);
}

describe('a stripped animated AVIF', () => {
  it.each([
    ['with a still image', {}],
    ['without a still image', { filmOnly: true }],
    ['whose frames have no metadata', { units: false }],
  ])('has the secret nowhere: %s', (_, options) => {
    const file = taggedAnimatedAvif(options);
    expect(secretsIn(file).length).toBeGreaterThan(20);
    const stripped = strip(file);
    expect(secretsIn(stripped)).toEqual([]);
    expect(strip(stripped).equals(stripped)).toBe(true);
  });

  it('has no times, no language and no name of an encoder', () => {
    const stripped = strip(changed('mdhd', number(0x10a3, 2), 32)); // `deu`
    expect(inside(stripped, 'moov', 'mvhd').subarray(4, 20)).toEqual(Buffer.alloc(16));
    for (const track of tracks(stripped)) {
      expect(inside(track, 'tkhd').subarray(4, 20)).toEqual(Buffer.alloc(16));
      expect(inside(track, 'mdia', 'mdhd').subarray(4, 20)).toEqual(Buffer.alloc(16));
      expect(inside(track, 'mdia', 'mdhd').readUInt16BE(32)).toBe(0x55c4); // `und`
      const entry = inside(inside(track, 'mdia', 'minf', 'stbl', 'stsd').subarray(8), 'av01');
      expect(entry.subarray(42, 74)).toEqual(Buffer.alloc(32));
    }
  });

  it('has no pixels in its configuration, because they could be text', () => {
    const file = taggedAnimatedAvif();
    const at = file.indexOf('T.35 in av1C') - secret('').length;
    const unit = file.lastIndexOf(Buffer.from([(5 << 3) | 2]), at);
    file[unit] = (4 << 3) | 2; // tiles
    expect(secretsIn(strip(file))).toEqual([]);
  });

  it('keeps how long each frame is shown, and in which order', () => {
    const file = taggedAnimatedAvif();
    const tablesOf = (avif: Buffer) =>
      tracks(avif).map((track) => {
        const tables = inside(track, 'mdia', 'minf', 'stbl');
        return ['stts', 'stsc', 'stco', 'stss'].map((type) => inside(tables, type));
      });
    expect(tablesOf(strip(file))).toEqual(tablesOf(file));
  });

  it('differs from a film without metadata only in its times', () => {
    const file = animatedAvif();
    const stripped = strip(file);
    expect(stripped.length).toBe(file.length);
    const differences = [...file.keys()].filter((at) => file[at] !== stripped[at]);
    expect(differences.every((at) => stripped[at] === 0 || isName(file, at))).toBe(true);
    expect(differences.length).toBeLessThan(180);
  });
});

/** Whether the byte is in the name of the encoder. */
function isName(file: Buffer, at: number): boolean {
  return file.toString('latin1', at - 40, at + 40).includes('AOM Coding');
}

/** A film of one track whose headers are of version 0, with the given tables. The frames begin behind `mdat`. */
function smallFilm(tablesAt: (media: number) => readonly Buffer[], frames: Buffer): Buffer {
  const movie = (media: number) =>
    box(
      'moov',
      joined(
        box('mvhd', joined('\0\0\0\0', Buffer.alloc(96, 1))),
        box(
          'trak',
          joined(
            box('tkhd', joined('\0\0\0\0', Buffer.alloc(80, 1))),
            box(
              'mdia',
              joined(box('mdhd', joined('\0\0\0\0', Buffer.alloc(20, 1))), HANDLER, informationOf(tablesAt(media))),
            ),
          ),
        ),
      ),
    );
  const head = box('ftyp', 'avis\0\0\0\0avismsf1');
  const mediaAt = head.length + movie(0).length + 8;
  return joined(head, movie(mediaAt), box('mdat', frames));
}

const HANDLER = box('hdlr', joined(Buffer.alloc(8), 'pict', Buffer.alloc(12)));

function informationOf(tables: readonly Buffer[]): Buffer {
  const data = box('dinf', box('dref', joined(Buffer.alloc(4), number(1, 4), box('url ', '\0\0\0\x01'))));
  const entry = box('av01', Buffer.alloc(78, 1));
  const stsd = box('stsd', joined(Buffer.alloc(4), number(1, 4), entry));
  return box('minf', joined(data, box('stbl', joined(stsd, ...tables))));
}

/** All of one size, in chunks of so many. */
function tablesOf(size: number, count: number, inChunk: number) {
  return [
    box('stsz', joined(Buffer.alloc(4), number(size, 4), number(count, 4))),
    box('stsc', joined(Buffer.alloc(4), number(1, 4), number(1, 4), number(inChunk, 4), number(1, 4))),
  ];
}

function chunks(type: 'stco' | 'co64', ...places: readonly number[]): Buffer {
  const bytes = (place: number) => joined(type === 'co64' ? Buffer.alloc(4) : '', number(place, 4));
  return box(type, joined(Buffer.alloc(4), number(places.length, 4), ...places.map(bytes)));
}

const FRAME = Buffer.from('\x12\0\x32\x02ab', 'latin1');

describe('a film with headers of version 0', () => {
  const film = smallFilm((at) => [...tablesOf(6, 2, 2), chunks('co64', at)], joined(FRAME, FRAME, 'text'));

  it('keeps its frames, and nothing behind them', () => {
    const stripped = strip(film);
    expect(boxContent(stripped, 'mdat')).toEqual(joined(FRAME, FRAME, '\0\0\0\0'));
    expect(strip(stripped).equals(stripped)).toBe(true);
  });

  it('has zeros for its times and for all reserved bytes', () => {
    const stripped = strip(film);
    const zeros = (bytes: Buffer) => [...bytes.keys()].filter((at) => bytes[at] === 0);
    const span = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
    const [track = Buffer.alloc(0)] = tracks(stripped);
    expect(zeros(inside(stripped, 'moov', 'mvhd'))).toEqual([...span(0, 12), ...span(26, 36), ...span(72, 96)]);
    expect(zeros(inside(track, 'tkhd'))).toEqual([...span(0, 12), ...span(24, 32), ...span(38, 40)]);
    expect(zeros(inside(track, 'mdia', 'mdhd'))).toEqual([...span(0, 12), 22, 23]);
    const entry = inside(inside(track, 'mdia', 'minf', 'stbl', 'stsd').subarray(8), 'av01');
    expect(zeros(entry)).toEqual([...span(8, 24), ...span(42, 74)]);
  });

  it('is refused with two lists of chunks', () => {
    const twice = smallFilm((at) => [...tablesOf(6, 1, 1), chunks('stco', at), chunks('co64', at)], FRAME);
    expect(() => strip(twice)).toThrow(/tables/);
  });

  it('is refused when its frames share bytes, so that they are more than the file', () => {
    const frame = joined('\x12\0\x32\xf4\x03', Buffer.alloc(500, 1));
    const shared = (times: number) =>
      smallFilm((at) => [...tablesOf(frame.length, times, 1), chunks('stco', ...Array<number>(times).fill(at))], frame);
    expect(() => strip(shared(2))).not.toThrow();
    expect(() => strip(shared(3))).toThrow(/not all there/);
  });

  it('is refused with more than 100,000 frames', () => {
    const frames = (count: number) =>
      smallFilm(
        (at) => [...tablesOf(2, count, count), chunks('stco', at)],
        Buffer.alloc(2 * count, '\x12\0', 'latin1'),
      );
    expect(() => strip(frames(100_000))).not.toThrow();
    expect(() => strip(frames(100_001))).toThrow(/too many frames/);
  });
});

describe('an animated AVIF is refused', () => {
  it('when it is in fragments', () => {
    const file = taggedAnimatedAvif();
    file.write('mvex', file.lastIndexOf('udta', file.indexOf('udta in moov') - 30));
    expect(() => strip(file)).toThrow(REFUSED);
    expect(() => strip(joined(taggedAnimatedAvif(), box('moof', '')))).not.toThrow();
    expect(() => strip(joined(animatedAvif(), box('moof', '')))).toThrow(REFUSED);
  });

  it.each(['mvhd', 'tkhd', 'mdia', 'mdhd', 'minf', 'dinf', 'dref', 'stbl', 'stsd', 'stsc', 'stsz', 'stco'])(
    'without a box that a film needs: %s',
    (type) => {
      expect(() => strip(renamed(type, 'else'))).toThrow(REFUSED);
    },
  );

  it('when a header has an unknown version', () => {
    expect(() => strip(changed('mvhd', '\x02'))).toThrow(REFUSED);
  });

  it('when a track is neither images nor alpha', () => {
    const file = taggedAnimatedAvif();
    file.write('soun', file.indexOf('pict', file.indexOf('moov')));
    expect(() => strip(file)).toThrow(REFUSED);
  });

  it('when its frames are coded in another way, or describe depth', () => {
    const entry = taggedAnimatedAvif();
    entry.write('hvc1', entry.indexOf('av01', entry.indexOf('stsd')));
    expect(() => strip(entry)).toThrow(REFUSED);
    const depth = taggedAnimatedAvif();
    depth.write('depth', depth.indexOf('auxiliary:alpha', depth.indexOf('auxi\0')) + 10);
    expect(() => strip(depth)).toThrow(REFUSED);
  });

  it('when a track refers to more than one other', () => {
    const file = taggedAnimatedAvif();
    const reference = file.lastIndexOf('auxl') - 4;
    file.writeUInt32BE(0, reference); // up to the end of the references
    expect(() => strip(file)).toThrow(/refers to several/);
  });

  it('when its frames are in another file', () => {
    expect(() => strip(changed('url ', '\0', 3))).toThrow(REFUSED);
  });

  it.each([
    ['a frame is longer', 'stsz', number(9_999, 4), 12],
    ['there are more sizes than frames', 'stsz', number(6, 4), 8],
    ['a frame is something else', 'stsz', number(60, 4), 12],
    ['a chunk has more frames', 'stsc', number(6, 4), 12],
    ['no chunk is the first', 'stsc', number(2, 4), 8],
    ['a chunk is elsewhere', 'stco', number(40, 4), 8],
    ['a table has more entries than fit', 'stts', number(999, 4), 4],
    ['a list of edits has more entries than fit', 'elst', number(999, 4), 4],
  ])('when its tables do not fit together: %s', (_, table, content, distance) => {
    expect(() => strip(changed(table, content, distance))).toThrow(REFUSED);
  });

  it('when metadata shares bytes with a frame', () => {
    const file = taggedAnimatedAvif();
    const places = file.indexOf('iloc') + 12;
    const [second, exif] = [places + 14, places + 28];
    file.copy(file, exif + 6, second + 6, second + 14);
    expect(() => strip(file)).toThrow(REFUSED);
  });
});

describe('a damaged animated AVIF', () => {
  it('is refused, or has the secret nowhere', () => {
    // Of a message among the units one byte tells that it is not pixels.
    const file = taggedAnimatedAvif({ units: false });
    fc.assert(
      fc.property(changes(file), (list) => {
        expect(HARMLESS).toContainEqual(outcomeOfStripping(changedBy(file, list), 'image/avif'));
      }),
      { numRuns: 3_000 },
    );
  });
});
