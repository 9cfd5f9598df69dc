import { describe, expect, it } from 'vitest';
import { type PlaceholderInput, placeholderSvg } from '../../shared/images/placeholder.ts';

const INITIALS = { style: 'initials', seed: 'user-1', size: 150 } as const;

/** The letters drawn; undefined when there is no text in the picture. */
function lettersIn(input: PlaceholderInput): string | undefined {
  return /<text[^>]*>([^<]*)<\/text>/.exec(placeholderSvg(input))?.[1];
}

/** Every element of the picture, without its content. */
function elementsOf(svg: string): string[] {
  return [...svg.matchAll(/<([a-zA-Z]+)/g)].map((match) => match[1] ?? '');
}

describe('a placeholder', () => {
  it('is the same for the same seed and another for another', () => {
    for (const style of ['identicon', 'initials'] as const) {
      const first = placeholderSvg({ style, seed: 'ada', size: 150 });
      expect(placeholderSvg({ style, seed: 'ada', size: 150 })).toBe(first);
      expect(placeholderSvg({ style, seed: 'grace', size: 150 })).not.toBe(first);
    }
  });

  it('does not change from release to release', () => {
    expect(placeholderSvg({ style: 'identicon', seed: 'ada', size: 32 })).toBe(
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 5 5" fill="none" shape-rendering="crispEdges" width="32" height="32"><rect fill="#f4f4f5" width="5" height="5" x="0" y="0" /><path d="M2 0H1v1h1V0ZM4 0H3v1h1V0Z" fill="#5e35b1"/><path d="M1 1H0v1h1V1ZM5 1H4v1h1V1Z" fill="#5e35b1"/><path fill="#5e35b1" d="M0 2h5v1H0z"/><path d="M2 3H1v1h1V3ZM4 3H3v1h1V3Z" fill="#5e35b1"/><path d="M0 4h1v1H0V4ZM4 4h1v1H4V4ZM3 4H2v1h1V4Z" fill="#5e35b1"/></svg>',
    );
    expect(placeholderSvg({ style: 'initials', seed: 'ada', name: 'Ada Lovelace', size: 32 })).toBe(
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="32" height="32"><rect fill="#c62828" width="100" height="100" x="0" y="0" /><text x="50%" y="50%" font-family="Arial, sans-serif" font-size="50" font-weight="400" fill="#ffffff" text-anchor="middle" dy="17.800">AL</text></svg>',
    );
  });

  it('has the size that is asked for', () => {
    expect(placeholderSvg({ ...INITIALS, size: 32 })).toContain('width="32" height="32"');
  });

  it('needs nothing else and runs nothing', () => {
    for (const style of ['identicon', 'initials'] as const) {
      const svg = placeholderSvg({ style, seed: 'ada', size: 150 });
      expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(
        /https?:|href|url\(|script|style=|on\w+=/,
      );
      expect(svg.length).toBeLessThan(2_000);
    }
  });
});

describe('initials', () => {
  it('are the first letters of the first and the last word of the name', () => {
    expect(lettersIn({ ...INITIALS, name: 'Ada King Lovelace' })).toBe('AL');
    expect(lettersIn({ ...INITIALS, name: 'ada' })).toBe('AD');
    expect(lettersIn({ ...INITIALS, name: 'Ørsted Æther' })).toBe('ØÆ');
  });

  it("are the seed's when there is no name, or none with letters", () => {
    expect(lettersIn(INITIALS)).toBe('US');
    for (const name of ['', '   ', '42', '🙂🙃', '\ud800', '<>&"\''])
      expect(lettersIn({ ...INITIALS, name })).toBe('US');
  });

  it('are an identicon when neither has letters', () => {
    expect(placeholderSvg({ ...INITIALS, seed: '42', name: '🙂' })).toBe(
      placeholderSvg({ style: 'identicon', seed: '42', size: 150 }),
    );
  });

  it('keep the colour of the person when the name changes', () => {
    const colourOf = (name: string) => /<rect fill="(#\w+)"/.exec(placeholderSvg({ ...INITIALS, name }))?.[1];
    expect(colourOf('Ada')).toMatch(/^#/);
    expect(colourOf('Grace Hopper')).toBe(colourOf('Ada'));
  });

  it('are letters of any script', () => {
    expect(lettersIn({ ...INITIALS, name: 'محمد علي' })).toBe('مع');
    expect(lettersIn({ ...INITIALS, name: '山田 太郎' })).toBe('山太');
    expect(lettersIn({ ...INITIALS, name: '𝐀𝐝𝐚 𝐋𝐨𝐯𝐞𝐥𝐚𝐜𝐞' })).toBe('AL');
  });

  it('cannot be made to hold anything but letters', () => {
    const plain = elementsOf(placeholderSvg({ ...INITIALS, name: 'Ada' }));
    for (const name of [
      '</text><script>alert(1)</script>',
      '"><image href="http://example.test/x.png"/>',
      '&lt;script&gt;',
      ']]><svg onload=alert(1)>',
      '\u202eevil\u0000\u0007\ufffe',
      'a\ud83d b\udc00',
      'A 𞤀',
      '<metadata>x y</metadata>',
      `e${'\u0301'.repeat(63)}`,
    ]) {
      const svg = placeholderSvg({ ...INITIALS, name });
      expect(elementsOf(svg), name).toEqual(plain);
      expect(svg.isWellFormed()).toBe(true);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
      expect(svg).not.toMatch(/[\u0000-\u001f\ufffe\uffff\u202e]/);
    }
  });
});
