import { createAvatar } from '@dicebear/core';
import * as identicon from '@dicebear/identicon';
import * as initials from '@dicebear/initials';
import type { PlaceholderStyle } from './formats.ts';

export interface PlaceholderInput {
  readonly style: PlaceholderStyle;
  /** Whose picture it stands for. Decides pattern and colour; the same seed always gives the same bytes. */
  readonly seed: string;
  /** Whose initials, at most 64 characters. @default the seed's */
  readonly name?: string;
  /** Width and height in pixels. */
  readonly size: number;
}

/** Dark enough for white letters (WCAG 2.2, 1.4.3). */
const LETTER_BACKGROUNDS = ['c62828', 'ad1457', '6a1b9a', '4527a0', '283593', '1565c0', '00695c', '2e7d32'];

/**
 * A picture for who has none: an SVG that needs nothing else, runs nothing and holds no text of the caller's but two
 * letters. Initials of a name and seed without any letter are an identicon.
 */
export function placeholderSvg({ style, seed, name, size }: PlaceholderInput): string {
  const label = style === 'initials' ? [name, seed].map(plainLetters).find(hasLetters) : undefined;
  const avatar =
    label === undefined
      ? createAvatar(identicon, { seed, size, clip: false, backgroundColor: ['f4f4f5'] })
      : createAvatar(lettersOf(label), { seed, size, clip: false, backgroundColor: LETTER_BACKGROUNDS });
  // Its metadata is a page of links to the makers of the style (CC0), larger than the picture.
  return avatar
    .toString()
    .replace(/<metadata.*<\/metadata>/s, '')
    .toWellFormed();
}

/** The style draws letters and colour from one seed; here the letters are the name's and the colour the person's. */
function lettersOf(label: string): typeof initials {
  return {
    ...initials,
    create: (props) => initials.create({ ...props, prng: { ...props.prng, seed: label } }),
  };
}

/** Ornamental letters as the letters they mean: the style would cut those beyond U+FFFF in half. */
function plainLetters(text: string | undefined): string {
  return (text ?? '').normalize('NFKC');
}

function hasLetters(text: string): boolean {
  return /\p{L}/u.test(text);
}
