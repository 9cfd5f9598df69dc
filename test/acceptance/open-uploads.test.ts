import { describe, expect, it } from 'vitest';
import { api, info, requestTicket, send, type Ticket, upload, waitForEnd } from './client.ts';
import { signIn } from './people.ts';
import { freeRoom, LARGE_WISH, wholeRoom } from './room.ts';
import { personWithAvatar, scenePng, settle } from './test-pictures.ts';

describe('an upload that is open', () => {
  it.each(['PUT', 'POST'] as const)('can be signed again, as %s', async (method) => {
    const ada = await signIn();
    const picture = await scenePng();
    const { uploadId, key } = await requestTicket(ada, picture, { method });
    const renewed = await api('POST', `/uploads/${uploadId}/ticket`, { token: ada.token });
    expect(renewed).toMatchObject({ status: 200, body: { uploadId, key, method } });
    expect(await send(renewed.body as Ticket, picture.bytes)).toEqual({ status: method === 'PUT' ? 200 : 204 });
    expect(await waitForEnd(ada, uploadId)).toMatchObject({ status: 'ready' });
  });

  it('can be aborted, and that twice, and gives back what it reserved once', async () => {
    const ada = await signIn();
    const { avatar, token } = ada;
    const ticket = await api('POST', `${avatar}/avatar`, { token, json: LARGE_WISH });
    const { uploadId } = ticket.body as Ticket;
    expect(await api('DELETE', `/uploads/${uploadId}`, { token })).toMatchObject({ status: 204 });
    expect(await api('DELETE', `/uploads/${uploadId}`, { token })).toMatchObject({ status: 204 });
    expect((await api('GET', `/uploads/${uploadId}`, { token })).body).toMatchObject({ status: 'aborted' });
    expect(await freeRoom(ada)).toBe(wholeRoom());
  });

  it('shows nothing of bytes that come after it was aborted', async () => {
    const ada = await signIn();
    const picture = await scenePng();
    const ticket = await requestTicket(ada, picture);
    expect(await api('DELETE', `/uploads/${ticket.uploadId}`, { token: ada.token })).toMatchObject({ status: 204 });
    expect(await send(ticket, picture.bytes)).toEqual({ status: 200 });
    await settle();
    expect(await info(ada)).toMatchObject({ hasCustomAvatar: false, upload: { status: 'aborted' } });
  });
});

describe('an upload that has ended', () => {
  it.each([
    ['signed again', 'POST', '/ticket'],
    ['aborted', 'DELETE', ''],
  ])('cannot be %s', async (_, method, path) => {
    const ada = await signIn();
    const { uploadId, status } = await upload(ada, await scenePng());
    expect(status).toBe('ready');
    const refused = await api(method, `/uploads/${uploadId}${path}`, { token: ada.token });
    expect(refused).toMatchObject({ status: 409, body: { code: 'upload_finished', uploadId, uploadStatus: 'ready' } });
  });

  it('cannot be signed again after it was aborted', async () => {
    const ada = await signIn();
    const { uploadId } = await requestTicket(ada, await scenePng());
    await api('DELETE', `/uploads/${uploadId}`, { token: ada.token });
    const refused = await api('POST', `/uploads/${uploadId}/ticket`, { token: ada.token });
    expect(refused).toMatchObject({ status: 409, body: { code: 'upload_finished', uploadStatus: 'aborted' } });
  });

  it('is not the newest upload of an avatar once its picture is shown', async () => {
    expect(await info(await personWithAvatar(await scenePng()))).not.toHaveProperty('upload');
  });
});
