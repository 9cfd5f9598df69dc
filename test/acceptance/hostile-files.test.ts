import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  avifClaimingTooMuch,
  heicFile,
  heicNamedAvif,
  jpegWithScans,
  OTHER_FILES,
  pngClaiming,
  pngWithProfile,
  pngWithTextBombs,
  SVG_FILES,
  truncated,
} from '../fixtures/hostile-files.ts';
import { jpegPhoto, pngPicture, webpPicture } from '../fixtures/pictures.ts';
import { api, info, upload } from './client.ts';
import { signIn } from './people.ts';
import { freeRoom, LARGEST_AVATAR, wholeRoom } from './room.ts';
import { BLUE, personWithAvatar, plainPng, shows } from './test-pictures.ts';

/** In two halves, so that no scanner takes this file for the harmless virus that it names. */
const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('');

function fixture(files: Readonly<Record<string, Buffer>>, name: string): Buffer {
  const file = files[name];
  if (!file) throw new Error(`no fixture "${name}"`);
  return file;
}

const REJECTED: readonly [what: string, declared: string, code: string, make: () => Buffer | Promise<Buffer>][] = [
  ['HEIC sent as JPEG', 'image/jpeg', 'heic_unsupported', heicFile],
  ['HEIC that calls itself AVIF', 'image/avif', 'heic_unsupported', () => heicNamedAvif()],
  ['SVG sent as PNG', 'image/png', 'svg_unsupported', () => fixture(SVG_FILES, 'plain')],
  ['SVG in UTF-16', 'image/webp', 'svg_unsupported', () => fixture(SVG_FILES, 'in UTF-16, little-endian')],
  [
    'a whole TIFF',
    'image/png',
    'type_not_allowed',
    async () =>
      sharp(await pngPicture())
        .tiff()
        .toBuffer(),
  ],
  ['a PDF', 'image/jpeg', 'type_not_allowed', () => fixture(OTHER_FILES, 'PDF')],
  ['a web page', 'image/gif', 'type_not_allowed', () => fixture(OTHER_FILES, 'HTML')],
  ['text', 'image/jpeg', 'type_not_allowed', () => fixture(OTHER_FILES, 'text')],
  ['half a JPEG', 'image/jpeg', 'image_damaged', async () => truncated(await jpegPhoto(), 0.5)],
  [
    'half a progressive JPEG',
    'image/jpeg',
    'image_damaged',
    async () => truncated(await jpegPhoto({ progressive: true }), 0.5),
  ],
  ['half a PNG', 'image/png', 'image_damaged', async () => truncated(await pngPicture(), 0.5)],
  ['half a WebP', 'image/webp', 'image_damaged', async () => truncated(await webpPicture(), 0.5)],
  ['a PNG that claims 50,000 x 50,000 pixels', 'image/png', 'too_many_pixels', () => pngClaiming(50_000, 50_000)],
  ['an AVIF that claims 25 megapixels', 'image/avif', 'too_many_pixels', () => avifClaimingTooMuch('picture')],
  ['a JPEG of 65 scans', 'image/jpeg', 'image_too_complex', () => jpegWithScans(65)],
  ['a PNG with a profile of 100 MB', 'image/png', 'metadata_too_large', () => pngWithProfile(100_000_000)],
  [
    'a virus behind a picture',
    'image/png',
    'infected',
    async () => Buffer.concat([await pngPicture(), Buffer.from(EICAR)]),
  ],
];

describe('bytes that are no acceptable picture', () => {
  it.each(REJECTED)('are rejected: %s, declared %s, is %s', async (_, contentType, code, make) => {
    const ada = await signIn();
    const record = await upload(ada, { bytes: await make(), contentType });
    expect(record).toMatchObject({ status: 'rejected', code, remedy: expect.stringMatching(/^[A-Z].{10,}\.$/) });
    const { uploadId } = record;
    expect(await info(ada)).toMatchObject({ hasCustomAvatar: false, upload: { uploadId, status: 'rejected', code } });
    expect(await freeRoom(ada)).toBe(wholeRoom());
  });

  it('leave the picture that stood there', async () => {
    const ada = await personWithAvatar(await plainPng(BLUE));
    const { status } = await upload(ada, { bytes: truncated(await jpegPhoto(), 0.5), contentType: 'image/jpeg' });
    expect(status).toBe('rejected');
    expect(await shows(ada.avatar, BLUE)).toBe(true);
  });

  it('come to an end although they would unpack to gigabytes, and hold room only if they are shown', async () => {
    const ada = await signIn();
    const { status } = await upload(ada, { bytes: await pngWithTextBombs(), contentType: 'image/png' });
    expect(['ready', 'rejected']).toContain(status);
    expect(await freeRoom(ada)).toBe(status === 'ready' ? wholeRoom() - 1 : wholeRoom());
  });
});

describe('a ticket', async () => {
  const ada = await signIn();

  it.each([
    ['no bytes', { contentLength: 0 }, 422, 'invalid_request', 'contentLength'],
    ['part of a byte', { contentLength: 1.5 }, 422, 'invalid_request', 'contentLength'],
    [
      'more bytes than an avatar may have',
      { contentLength: LARGEST_AVATAR + 1 },
      413,
      'file_too_large',
      'contentLength',
    ],
    ['HEIC', { contentType: 'image/heic' }, 422, 'heic_unsupported', 'contentType'],
    ['SVG', { contentType: 'image/svg+xml' }, 422, 'svg_unsupported', 'contentType'],
    ['PDF', { contentType: 'application/pdf' }, 422, 'type_not_allowed', 'contentType'],
    ['no media type', { contentType: 'picture' }, 422, 'invalid_request', 'contentType'],
    [
      'a checksum in a form',
      { method: 'POST', checksumSha256: `${'A'.repeat(43)}=` },
      422,
      'checksum_not_supported',
      'checksumSha256',
    ],
    ['a checksum that is none', { checksumSha256: 'abc' }, 422, 'invalid_request', 'checksumSha256'],
    ['a crop larger than the picture', { crop: { x: 0, y: 0, size: 1.1 } }, 422, 'invalid_request', 'crop.size'],
  ])('is refused for %s, and reserves nothing', async (_, wish, status, code, field) => {
    const json = { contentType: 'image/png', contentLength: 1000, ...wish };
    const refused = await api('POST', `${ada.avatar}/avatar`, { token: ada.token, json });
    expect(refused).toMatchObject({ status, body: { code, field, accepted: expect.stringMatching(/./) } });
    expect(await freeRoom(ada)).toBe(wholeRoom());
  });

  it('that is refused for its type says which are accepted', async () => {
    const json = { contentType: 'image/heic', contentLength: 1000 };
    const { body } = await api('POST', `${ada.avatar}/avatar`, { token: ada.token, json });
    const accepted = 'image/jpeg, image/png, image/webp, image/gif, image/avif';
    expect(body).toMatchObject({ accepted });
  });
});
