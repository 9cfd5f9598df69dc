import type { ProfileHeader } from './header.ts';

/**
 * `desc` and `cprt`, which every profile must have, with the same text in all of them. Their types depend on the version:
 * ICC.1:2001-04, 6.5.17 and 6.5.18; ICC.1:2022, 10.15. In version 4 they share one element.
 */
export function fixedTexts({
  majorVersion,
}: Pick<ProfileHeader, 'majorVersion'>): readonly { signature: string; element: Buffer }[] {
  const [description, copyright] = majorVersion === 2 ? [DESCRIPTION, PLAIN_TEXT] : [LOCALIZED_TEXT, LOCALIZED_TEXT];
  return [
    { signature: 'desc', element: description },
    { signature: 'cprt', element: copyright },
  ];
}

const TEXT = 'none';

const PLAIN_TEXT = Buffer.from(`text\0\0\0\0${TEXT}\0`, 'latin1');

/** The text in ASCII, then none in Unicode, and 67 bytes for none in a script of the Macintosh. */
const DESCRIPTION = Buffer.concat([
  Buffer.from(`desc\0\0\0\0\0\0\0${String.fromCharCode(TEXT.length + 1)}${TEXT}\0`, 'latin1'),
  Buffer.alloc(4 + 4 + 2 + 1 + 67),
]);

/** One record of 12 bytes: language, country, bytes of the text, and where it begins. */
const LOCALIZED_TEXT = Buffer.concat([
  Buffer.from('mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS', 'latin1'),
  Buffer.from([0, 0, 0, 2 * TEXT.length, 0, 0, 0, 28]),
  Buffer.from(TEXT, 'utf16le').swap16(),
]);
