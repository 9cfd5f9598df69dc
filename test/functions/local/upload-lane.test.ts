import { describe, expect, it } from 'vitest';
import { objectCreatedEvent } from '../../../functions/local/s3-event.ts';
import { laneOfUpload } from '../../../functions/local/upload-lane.ts';
import type { Dependencies } from '../../../shared/dependencies.ts';

/** Knows one upload, of acme. */
const DEPENDENCIES = {
  settings: { bucket: { name: 'local', keyPrefix: '' } },
  metadata: {
    getUpload: async ({ uploadId }: { uploadId: string }) =>
      uploadId === 'known' ? { uploadId, organizationId: 'acme' } : undefined,
  },
} as unknown as Dependencies;

function created(key: string): string {
  return JSON.stringify(objectCreatedEvent({ bucket: 'local', key, size: 1, eTag: 'e', at: new Date(0) }));
}

describe('the lane of a message', () => {
  it.each([
    ['an event of the storage', created('temp/uploads/known')],
    ['a message of the service', JSON.stringify({ uploadId: 'known' })],
  ])('of %s is the organization of its upload, and the upload', async (_, body) => {
    expect(await laneOfUpload(DEPENDENCIES, body)).toEqual({ group: 'acme', subject: 'known' });
  });

  it('of an unknown upload has no organization', async () => {
    const lane = await laneOfUpload(DEPENDENCIES, created('temp/uploads/unknown'));
    expect(lane).toEqual({ group: '', subject: 'unknown' });
  });

  it('of an event about no upload is that of the message alone', async () => {
    const body = created('avatars/users/ada/large.webp');
    expect(await laneOfUpload(DEPENDENCIES, body)).toEqual({ group: '', subject: body });
  });

  it('cannot be told of a message that the service does not send', async () => {
    await expect(laneOfUpload(DEPENDENCIES, '{}')).rejects.toThrow(TypeError);
  });
});
