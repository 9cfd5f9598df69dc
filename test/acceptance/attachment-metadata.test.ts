import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { pngChunk } from '../fixtures/containers.ts';
import {
  heicFile,
  heicNamedAvif,
  OTHER_FILES,
  pngClaiming,
  pngWithTextBombs,
  truncated,
} from '../fixtures/hostile-files.ts';
import { jpegPhoto, pngPicture } from '../fixtures/pictures.ts';
import { isUpright } from '../fixtures/scene.ts';
import { secret, secretsIn } from '../fixtures/tagged/secrets.ts';
import { taggedAvif, taggedTransparentAvif } from '../fixtures/tagged/tagged-avif.ts';
import { taggedGif } from '../fixtures/tagged/tagged-gif.ts';
import { taggedHeic } from '../fixtures/tagged/tagged-heic.ts';
import { taggedCmykJpeg, taggedJpeg, taggedProgressiveJpeg } from '../fixtures/tagged/tagged-jpeg.ts';
import { taggedApng, taggedPng, taggedWideGamutPng } from '../fixtures/tagged/tagged-png.ts';
import { taggedAnimatedWebp, taggedTransparentWebp, taggedWebp } from '../fixtures/tagged/tagged-webp.ts';
import { attach, bytesAt, changeAttachment, getAttachment, sendAttachment, usage } from './attachments.ts';
import { download } from './client.ts';
import { signIn } from './people.ts';

/** Everything that a browser shows: the pixels of all frames in sRGB, and what goes with them. It never turns a WebP. */
async function shown(bytes: Uint8Array, type: string) {
  const picture = sharp(bytes, { animated: true, failOn: 'warning' });
  const { pages, delay, loop, hasProfile, orientation = 1, space, hasAlpha } = await picture.metadata();
  const turns = type !== 'image/webp';
  const upright = turns ? picture.autoOrient() : picture;
  const { data, info } = await upright.raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  return { data, width, height, pages, delay, loop, hasProfile, orientation: turns ? orientation : 1, space, hasAlpha };
}

/** With where it was taken in every place that the format has for text. Stored as a camera held on its side does. */
const TURNED = {
  'a JPEG': [() => taggedJpeg(6), 'image/jpeg'],
  'a PNG': [() => taggedPng(6), 'image/png'],
  'an AVIF': [() => taggedAvif(6), 'image/avif'],
} as const;

const TAGGED = {
  ...TURNED,
  'a WebP': [() => taggedWebp(6), 'image/webp'],
  'a progressive JPEG': [taggedProgressiveJpeg, 'image/jpeg'],
  'a JPEG of four inks': [taggedCmykJpeg, 'image/jpeg'],
  'a PNG in wide colours': [taggedWideGamutPng, 'image/png'],
  'an animated PNG': [taggedApng, 'image/png'],
  'a WebP with alpha': [taggedTransparentWebp, 'image/webp'],
  'an animated WebP': [taggedAnimatedWebp, 'image/webp'],
  'an animated GIF': [taggedGif, 'image/gif'],
  'an AVIF with alpha': [taggedTransparentAvif, 'image/avif'],
} as const;

describe('an attached picture', () => {
  it.each(Object.entries(TAGGED))('is served without its metadata, pixel by pixel the same: %s', async (_, tagged) => {
    const [make, contentType] = tagged;
    const sent = await make();
    expect(secretsIn(sent).length).toBeGreaterThan(5);
    const attachment = await attach(await signIn(), { bytes: sent, contentType });
    const served = await bytesAt(attachment.contentUrl);
    expect(secretsIn(served)).toEqual([]);
    const { exif, xmp, iptc, comments } = await sharp(served).metadata();
    expect({ xmp, iptc, comments, exif: exif?.toString('latin1') ?? '' }).toMatchObject({
      ...{ xmp: undefined, iptc: undefined, comments: undefined },
      exif: expect.not.stringMatching(/GPS|Make/),
    });
    expect(attachment).toMatchObject({ contentType, metadataStripped: true, size: served.length });
    const [before, after] = [await shown(sent, contentType), await shown(served, contentType)];
    expect(after.data.equals(before.data)).toBe(true);
    expect(after).toMatchObject({ ...before, data: expect.any(Buffer) });
  });

  it.each(Object.entries(TURNED))('stands upright, and so do its size and preview: %s', async (_, tagged) => {
    const [make, contentType] = tagged;
    const attachment = await attach(await signIn(), { bytes: await make(), contentType });
    expect(attachment).toMatchObject({ width: 400, height: 300, preview: { width: 400, height: 300 } });
    const upright = await sharp(await bytesAt(attachment.contentUrl))
      .autoOrient()
      .png()
      .toBuffer();
    expect(await isUpright(upright)).toBe(true);
    const { bytes } = await download(attachment.preview?.url ?? '');
    expect(secretsIn(bytes)).toEqual([]);
    expect(await isUpright(bytes)).toBe(true);
  });

  it('that is HEIC is served without its metadata too, with its size but without a preview', async () => {
    const sent = await taggedHeic();
    const attachment = await attach(await signIn(), { bytes: sent, contentType: 'image/heic' });
    const served = await bytesAt(attachment.contentUrl);
    expect(secretsIn(served)).toEqual([]);
    expect(attachment).toMatchObject({ contentType: 'image/heic', metadataStripped: true, size: served.length });
    expect(attachment).toMatchObject({ width: 378, height: 504 });
    expect(attachment).not.toHaveProperty('preview');
    expect(attachment).not.toHaveProperty('thumbHash');
  });

  it('comes with dimensions, a ThumbHash and a small preview before its first byte', async () => {
    const bytes = await jpegPhoto({ width: 1600, height: 900 });
    const attachment = await attach(await signIn(), { bytes, contentType: 'image/jpeg' });
    const { width, height, thumbHash, preview } = attachment;
    expect({ width, height }).toEqual({ width: 1600, height: 900 });
    expect(thumbHash).toMatch(/^[A-Za-z0-9+/]{20,40}=*$/);
    expect(preview).toMatchObject({ width: 640, height: 360 });
    const shownFirst = await download(preview?.url ?? '');
    expect(shownFirst.contentType).toBe('image/webp');
    const { format, exif, ...size } = await sharp(shownFirst.bytes).metadata();
    expect({ format, exif, ...size }).toMatchObject({ format: 'webp', exif: undefined, width: 640, height: 360 });
  });
});

describe('what its uploader wants to keep', () => {
  it('is served byte by byte, and can never be public', async () => {
    const ada = await signIn();
    const bytes = await taggedJpeg(6);
    const attachment = await attach(ada, { bytes, contentType: 'image/jpeg' }, { keepMetadata: true });
    expect(attachment).toMatchObject({ metadataStripped: false, width: 400, height: 300, size: bytes.length });
    expect((await bytesAt(attachment.contentUrl)).equals(bytes)).toBe(true);
    expect(secretsIn((await download(attachment.preview?.url ?? '')).bytes)).toEqual([]);
    for (const visibility of ['public', 'private', 'public']) {
      const changed = await changeAttachment(ada, attachment.id, { visibility });
      if (visibility === 'private') expect(changed).toMatchObject({ status: 200, body: { visibility } });
      else expect(changed).toMatchObject({ status: 409, body: { code: 'metadata_kept', field: 'visibility' } });
    }
    expect((await getAttachment(ada, attachment.id)).body).toMatchObject({ visibility: 'private' });
  });

  it.each([
    ['a HEIC without an image', 'image/heic', async () => heicFile()],
    ['HEIC that calls itself AVIF', 'image/avif', heicNamedAvif],
    ['TIFF', 'image/tiff', async () => OTHER_FILES.TIFF ?? Buffer.alloc(0)],
  ])('may be a picture that metadata cannot be removed from, which is refused otherwise: %s', async (_, type, make) => {
    const ada = await signIn();
    const bytes = await make();
    const sent = { bytes, contentType: type };
    const refused = await sendAttachment(ada, sent);
    expect(refused).toMatchObject({ status: 'rejected', code: 'metadata_not_strippable' });
    expect(refused.remedy).toMatch(/keepMetadata/);
    const kept = await attach(ada, sent, { keepMetadata: true });
    expect(kept).toMatchObject({ metadataStripped: false, contentType: type, size: bytes.length });
    expect(kept).not.toHaveProperty('preview');
    expect((await bytesAt(kept.contentUrl)).equals(bytes)).toBe(true);
  });
});

describe('bytes that are not what they seem', () => {
  const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('');

  it.each<[string, () => Promise<Uint8Array>, string, boolean]>([
    ['alone', async () => Buffer.from(EICAR), 'text/plain', false],
    ['behind a picture', async () => Buffer.concat([await pngPicture(), Buffer.from(EICAR)]), 'image/png', false],
    [
      'behind a picture that keeps its metadata',
      async () => Buffer.concat([await pngPicture(), Buffer.from(EICAR)]),
      'image/png',
      true,
    ],
    ['deep in a file', async () => Buffer.from(`${'.'.repeat(3_000_001)}${EICAR}`), 'application/x-own', false],
  ])('are rejected with a virus in them, %s', async (_, make, contentType, keepMetadata) => {
    const ada = await signIn();
    const ended = await sendAttachment(ada, { bytes: await make(), contentType }, { keepMetadata });
    expect(ended).toMatchObject({ status: 'rejected', code: 'infected' });
    expect(ended).not.toHaveProperty('attachment');
    expect(await getAttachment(ada, ended.uploadId)).toMatchObject({ status: 404 });
    expect(await usage(ada)).toMatchObject({ bytesUsed: 0, filesUsed: 0, openUploads: 0 });
  });

  it.each([
    ['is none', async () => Buffer.concat([(await taggedJpeg()).subarray(0, 60), Buffer.alloc(500, 7)])],
    ['breaks off before its pixels', async () => truncated(await jpegPhoto(), 0.01)],
  ])('are rejected when a picture begins and %s', async (_, make) => {
    const ended = await sendAttachment(await signIn(), { bytes: await make(), contentType: 'image/jpeg' });
    expect(ended).toMatchObject({ status: 'rejected', code: 'metadata_not_strippable' });
  });

  it('are kept without their metadata and not shown, when they claim more pixels than anyone has memory for', async () => {
    const bomb = pngClaiming(60_000, 60_000);
    const comment = pngChunk('tEXt', `Comment\0${secret('a bomb')}`);
    const bytes = Buffer.concat([bomb.subarray(0, 33), comment, bomb.subarray(33)]);
    const attachment = await attach(await signIn(), { bytes, contentType: 'image/png' });
    expect(attachment).toMatchObject({ metadataStripped: true, size: bomb.length });
    for (const known of ['width', 'height', 'thumbHash', 'preview']) expect(attachment).not.toHaveProperty(known);
    expect((await bytesAt(attachment.contentUrl)).equals(bomb)).toBe(true);
  });

  it('are harmless once their metadata is gone, which would unpack to gigabytes', async () => {
    const bytes = await pngWithTextBombs();
    const attachment = await attach(await signIn(), { bytes, contentType: 'image/png' });
    expect(attachment).toMatchObject({ metadataStripped: true, width: 400, height: 300 });
    expect(attachment.size).toBeLessThan(bytes.length / 10);
  });
});
