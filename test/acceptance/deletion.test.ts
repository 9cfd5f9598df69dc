import { describe, expect, it } from 'vitest';
import { deleteAvatar, image, info, requestTicket, send, upload, waitForEnd } from './client.ts';
import { signIn } from './people.ts';
import { freeRoom, wholeRoom } from './room.ts';
import { BLUE, personWithAvatar, plainPng, RED, shows } from './test-pictures.ts';

describe('deleting an avatar', () => {
  it.each([
    ['shown', async () => personWithAvatar(await plainPng(RED))],
    ['not even there', signIn],
  ])('outruns an upload that is open, when a picture was %s', async (_, before) => {
    const ada = await before();
    const blue = await plainPng(BLUE);
    const ticket = await requestTicket(ada, blue);
    await deleteAvatar(ada);
    await send(ticket, blue.bytes);
    expect(await waitForEnd(ada, ticket.uploadId)).toMatchObject({ status: 'superseded' });
    expect(await info(ada)).toMatchObject({ hasCustomAvatar: false });
    expect(await image(ada.avatar)).toMatchObject({ status: 200 });
    expect(await freeRoom(ada)).toBe(wholeRoom());
  });

  it('gives back the room that the picture took, once', async () => {
    const ada = await personWithAvatar(await plainPng(RED));
    expect(await freeRoom(ada)).toBe(wholeRoom() - 1);
    await deleteAvatar(ada);
    await deleteAvatar(ada);
    expect(await freeRoom(ada)).toBe(wholeRoom());
  });

  it('does not stand in the way of a new picture', async () => {
    const ada = await personWithAvatar(await plainPng(RED));
    await deleteAvatar(ada);
    expect(await upload(ada, await plainPng(BLUE))).toMatchObject({ status: 'ready' });
    expect(await shows(ada.avatar, BLUE)).toBe(true);
  });
});
