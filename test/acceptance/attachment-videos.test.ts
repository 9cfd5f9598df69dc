import { describe, expect, it } from 'vitest';
import { OTHER_FILES } from '../fixtures/hostile-files.ts';
import {
  askForAttachment,
  attach,
  bytesAt,
  changeAttachment,
  getAttachment,
  type SentFile,
  sendAttachment,
  usage,
} from './attachments.ts';
import { signIn } from './people.ts';

const VIDEO: SentFile = { bytes: OTHER_FILES.MP4 ?? Buffer.alloc(0), contentType: 'video/mp4' };

describe('a video', () => {
  it.each(['video/mp4', 'Video/QuickTime'])(
    'called %s gets no ticket to be public, and reserves nothing',
    async (type) => {
      const ada = await signIn();
      for (const wish of [{}, { draft: true }, { keepMetadata: true }]) {
        const refused = await askForAttachment(ada, { ...VIDEO, contentType: type }, { visibility: 'public', ...wish });
        const body = {
          code: 'metadata_not_strippable',
          field: 'visibility',
          accepted: expect.stringMatching(/private/),
        };
        expect(refused).toMatchObject({ status: 422, body });
      }
      expect(await usage(ada)).toMatchObject({ bytesUsed: 0, filesUsed: 0, openUploads: 0 });
    },
  );

  it.each(['application/octet-stream', 'audio/mp4', 'image/jpeg'])(
    'that is called %s is rejected when it is to be public, and leaves nothing',
    async (contentType) => {
      const ada = await signIn();
      const ended = await sendAttachment(ada, { ...VIDEO, contentType }, { visibility: 'public' });
      expect(ended).toMatchObject({ status: 'rejected', code: 'metadata_not_strippable' });
      expect(ended.remedy).toMatch(/A video cannot be public/);
      expect(await getAttachment(ada, ended.uploadId)).toMatchObject({ status: 404 });
      expect(await usage(ada)).toMatchObject({ bytesUsed: 0, filesUsed: 0, openUploads: 0 });
    },
  );

  it('is kept byte by byte, and never made public', async () => {
    const ada = await signIn();
    const { id, contentUrl, ...video } = await attach(ada, VIDEO);
    expect(video).toMatchObject({ contentType: 'video/mp4', metadataStripped: false });
    expect(await bytesAt(contentUrl)).toEqual(VIDEO.bytes);
    const refused = await changeAttachment(ada, id, { visibility: 'public', description: 'a film' });
    expect(refused).toMatchObject({ status: 409, body: { code: 'metadata_kept', field: 'visibility' } });
    const unchanged = await getAttachment(ada, id);
    expect(unchanged.body).toMatchObject({ visibility: 'organization', revision: 1 });
    expect(unchanged.body).not.toHaveProperty('description');
    expect(await changeAttachment(ada, id, { visibility: 'private' })).toMatchObject({ status: 200 });
  });
});
