import { describe, expect, it } from 'vitest';
import { info, requestTicket, send, upload, waitForEnd } from './client.ts';
import { signIn } from './people.ts';
import { freeRoom, wholeRoom } from './room.ts';
import { BLUE, type Colour, personWithAvatar, plainPng, RED, shows } from './test-pictures.ts';

describe('of several pictures for one avatar', () => {
  it('the one with the later ticket stands, although the earlier one arrives last', async () => {
    const ada = await signIn();
    const [red, blue] = [await plainPng(RED), await plainPng(BLUE)];
    const earlier = await requestTicket(ada, red);
    const later = await requestTicket(ada, blue);
    await send(later, blue.bytes);
    expect(await waitForEnd(ada, later.uploadId)).toMatchObject({ status: 'ready' });
    await send(earlier, red.bytes);
    expect(await waitForEnd(ada, earlier.uploadId)).toMatchObject({ status: 'superseded' });
    expect(await shows(ada.avatar, BLUE)).toBe(true);
    expect(await info(ada)).not.toHaveProperty('upload');
  });

  it('the one with the latest ticket stands when ten arrive at once', async () => {
    const ada = await signIn();
    const colours = Array.from({ length: 10 }, (_, n): Colour => [20 + n * 22, 235 - n * 22, 120]);
    const pictures = await Promise.all(colours.map((colour) => plainPng(colour, 400)));
    const tickets = [];
    for (const picture of pictures) tickets.push({ picture, ticket: await requestTicket(ada, picture) });
    await Promise.all(tickets.map(({ picture, ticket }) => send(ticket, picture.bytes)));
    const records = await Promise.all(tickets.map(({ ticket }) => waitForEnd(ada, ticket.uploadId)));
    expect(records.pop()).toMatchObject({ status: 'ready' });
    for (const { status } of records) expect(['ready', 'superseded']).toContain(status);
    expect(await shows(ada.avatar, colours.at(-1) ?? RED)).toBe(true);
  });

  it('a later one of another type replaces an earlier one', async () => {
    const ada = await personWithAvatar(await plainPng(RED));
    const before = await info(ada);
    expect(await upload(ada, await plainPng(BLUE))).toMatchObject({ status: 'ready' });
    expect(await shows(ada.avatar, BLUE)).toBe(true);
    expect((await info(ada)).avatarUrl).not.toBe(before.avatarUrl);
  });

  it('only the one that stands takes room', async () => {
    const ada = await personWithAvatar(await plainPng(RED));
    // 3 MB each: together they would not fit beside what is left.
    for (const colour of [BLUE, RED, BLUE, RED, BLUE]) await upload(ada, await plainPng(colour, 1000));
    expect(await freeRoom(ada)).toBe(wholeRoom() - 1);
  });
});
