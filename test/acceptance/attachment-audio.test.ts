import { describe, expect, it } from 'vitest';
import { mediaFile } from '../fixtures/media/media-files.ts';
import { attach, bytesAt, changeAttachment, EVENTUALLY, list, sendAttachment } from './attachments.ts';
import { signIn } from './people.ts';

describe('a voice note', () => {
  it.each([
    ['in WebM, without sizes as a recorder writes it', 'sound-live.webm', 'audio/webm'],
    ['in MP4, in fragments as a recorder writes it', 'sound.mp4', 'audio/mp4'],
    ['with a cover', 'sound-with-cover.mp4', 'audio/mp4'],
    ['in Ogg', 'sound.ogg', 'audio/ogg'],
  ])('%s is audio by its tracks, and found as that', async (_, name, contentType) => {
    const ada = await signIn();
    const bytes = mediaFile(name);
    const note = await attach(ada, { bytes, contentType });
    expect(note).toMatchObject({ contentType, declaredType: contentType, size: bytes.length });
    expect(await bytesAt(note.contentUrl)).toEqual(bytes);
    const found = async (type: string) => (await list(ada, { type })).items.map(({ id }) => id);
    for (const type of ['audio', 'audio/', contentType]) {
      await expect.poll(() => found(type), EVENTUALLY).toEqual([note.id]);
    }
    expect(await found('video')).toEqual([]);
  });

  it('may be public, also one that is called a video', async () => {
    const ada = await signIn();
    const bytes = mediaFile('sound.webm');
    const open = await attach(ada, { bytes, contentType: 'audio/webm' }, { visibility: 'public' });
    expect(open).toMatchObject({ contentType: 'audio/webm', visibility: 'public' });
    const { id, contentType } = await attach(ada, { bytes, contentType: 'video/webm' });
    expect(contentType).toBe('audio/webm');
    expect(await changeAttachment(ada, id, { visibility: 'public' })).toMatchObject({ status: 200 });
  });
});

describe('a film that is called a voice note', () => {
  it.each([
    ['film-live.webm', 'audio/webm', 'video/webm'],
    ['film.mp4', 'audio/mp4', 'video/mp4'],
    ['film-sound-first.ogv', 'audio/ogg', 'video/ogg'],
  ])('is a video by its tracks, and rejected when it is to be public: %s', async (name, declaredType, contentType) => {
    const ada = await signIn();
    const film = { bytes: mediaFile(name), contentType: declaredType };
    expect(await attach(ada, film)).toMatchObject({ contentType, declaredType });
    const ended = await sendAttachment(ada, film, { visibility: 'public' });
    expect(ended).toMatchObject({ status: 'rejected', code: 'metadata_not_strippable' });
  });
});
