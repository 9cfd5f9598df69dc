import { describe, expect, it } from 'vitest';
import { type Corner, SCENE_COLOURS } from '../fixtures/scene.ts';
import { api, type Crop, requestTicket, type Upload, upload, waitForEnd } from './client.ts';
import { type Person, signIn } from './people.ts';
import { freeRoom, wholeRoom } from './room.ts';
import { personWithAvatar, photo, scenePng, shows } from './test-pictures.ts';

/** Half of the shorter side, inside one colour of the scene. */
const CROPS: Readonly<Record<Corner, Crop>> = {
  topLeft: { x: 0, y: 0, size: 0.5 },
  topRight: { x: 0.6, y: 0, size: 0.5 },
  bottomLeft: { x: 0, y: 0.5, size: 0.5 },
  bottomRight: { x: 0.6, y: 0.5, size: 0.5 },
};
const CORNERS = Object.keys(CROPS) as Corner[];
const OUTSIDE = { x: 0.9, y: 0, size: 0.5 };

function recrop({ avatar, token }: Person, crop: Crop) {
  return api('PATCH', `${avatar}/avatar`, { token, json: { crop } });
}

describe('the crop of a ticket', () => {
  it.each(CORNERS)('is all that is shown of a picture that a camera held sideways: %s', async (corner) => {
    const { avatar } = await personWithAvatar(await photo(), { crop: CROPS[corner] });
    expect(await shows(avatar, SCENE_COLOURS[corner])).toBe(true);
  });

  it('rejects a picture that it is not inside of', async () => {
    const record = await upload(await signIn(), await scenePng(), { crop: OUTSIDE });
    expect(record).toMatchObject({ status: 'rejected', code: 'crop_outside_image' });
  });
});

describe('cropping again', () => {
  it('shows what the first crop had cut off, from the picture that was kept', async () => {
    const ada = await personWithAvatar(await photo(), { crop: CROPS.topLeft });
    for (const corner of CORNERS.toReversed()) {
      const accepted = await recrop(ada, CROPS[corner]);
      expect(accepted).toMatchObject({ status: 202, body: { kind: 'render' } });
      const record = await api('GET', new URL(`${accepted.headers.get('location')}?wait=20`, accepted.url), {
        token: ada.token,
      });
      expect(record).toMatchObject({ status: 200, body: { kind: 'render', status: 'ready' } });
      expect((record.body as Upload).uploadId).toBe((accepted.body as Upload).uploadId);
      expect(await shows(ada.avatar, SCENE_COLOURS[corner])).toBe(true);
    }
  });

  it('takes no room', async () => {
    const ada = await personWithAvatar(await photo());
    const { body } = await recrop(ada, CROPS.topLeft);
    expect(await waitForEnd(ada, (body as Upload).uploadId)).toMatchObject({ status: 'ready' });
    expect(await freeRoom(ada)).toBe(wholeRoom() - 1);
  });

  it('is refused while a newer upload is open', async () => {
    const ada = await personWithAvatar(await photo());
    const { uploadId } = await requestTicket(ada, await scenePng());
    const refused = await recrop(ada, CROPS.topLeft);
    expect(refused).toMatchObject({ status: 409, body: { code: 'upload_in_progress', uploadId } });
    await api('DELETE', `/uploads/${uploadId}`, { token: ada.token });
    expect(await recrop(ada, CROPS.topLeft)).toMatchObject({ status: 202 });
  });

  it('is refused for a crop outside the picture', async () => {
    const refused = await recrop(await personWithAvatar(await photo()), OUTSIDE);
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_request', field: 'crop' } });
  });

  it('finds nothing where there is no picture', async () => {
    expect(await recrop(await signIn(), CROPS.topLeft)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});
