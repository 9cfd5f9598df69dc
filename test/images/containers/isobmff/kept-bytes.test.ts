import { describe, expect, it } from 'vitest';
import { keepBytes } from '../../../../shared/images/containers/isobmff/kept-bytes.ts';

const [FIRST, SECOND] = [
  { type: 'mdat', typeAt: 4, contentStart: 8, end: 20 },
  { type: 'mdat', typeAt: 24, contentStart: 28, end: 40 },
];

type Range = readonly [start: number, end: number];

/** Which of 48 bytes are kept. */
function keptOf(kept: readonly Range[], removed: readonly Range[] = []): string {
  const file = Buffer.alloc(48, 1);
  const ranges = (list: readonly Range[]) => list.map(([start, end]) => ({ start, end }));
  keepBytes(file, { regions: [SECOND, FIRST], kept: ranges(kept), removed: ranges(removed) });
  return [...file].join('');
}

const OUTSIDE = '1'.repeat(8);

describe('the bytes of images', () => {
  it('stay, and all others in the media boxes become zeros', () => {
    const [first, second] = ['001110000000', '000000001111'];
    expect(
      keptOf([
        [36, 40],
        [10, 13],
      ]),
    ).toBe(`${OUTSIDE}${first}${OUTSIDE}${second}${OUTSIDE}`);
  });

  it('may be shared by several images', () => {
    const first = '111111000000';
    expect(
      keptOf([
        [8, 12],
        [10, 14],
        [8, 14],
        [9, 10],
      ]),
    ).toBe(`${OUTSIDE}${first}${OUTSIDE}${'0'.repeat(12)}${OUTSIDE}`);
  });

  it('may touch those of metadata', () => {
    expect(() =>
      keptOf(
        [
          [10, 14],
          [16, 18],
        ],
        [
          [8, 10],
          [14, 16],
          [28, 40],
          [14, 14],
        ],
      ),
    ).not.toThrow();
  });

  it.each<[string, Range[], Range[]]>([
    ['share bytes with metadata in front', [[10, 14]], [[8, 11]]],
    ['share bytes with metadata behind', [[10, 14]], [[13, 15]]],
    ['are around metadata', [[8, 20]], [[12, 13]]],
    ['are inside metadata', [[12, 13]], [[8, 20]]],
    [
      'share bytes with metadata far behind',
      [
        [8, 20],
        [9, 10],
      ],
      [
        [10, 11],
        [19, 20],
      ],
    ],
    ['begin in front of a box', [[7, 10]], []],
    ['reach over the end of a box', [[18, 21]], []],
    ['are between two boxes', [[22, 24]], []],
    ['are behind all boxes', [[44, 46]], []],
  ])('are refused when they %s', (_, kept, removed) => {
    expect(() => keptOf(kept, removed)).toThrow(expect.objectContaining({ code: 'image_damaged' }));
  });
});
