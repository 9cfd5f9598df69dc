import { describe, expect, it } from 'vitest';
import { mp4Tracks } from '../../../shared/attachments/tracks/mp4-tracks.ts';
import { UnreadableMediaError } from '../../../shared/attachments/tracks/track-kinds.ts';
import { inMemory } from './in-memory.ts';

function box(type: string, ...content: readonly Uint8Array[]): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(8 + Buffer.concat(content).length);
  return Buffer.concat([size, Buffer.from(type, 'latin1'), ...content]);
}

/** With its size in 64 bits. */
function wideBox(type: string, content: Uint8Array): Buffer {
  const sizes = Buffer.alloc(16, `\0\0\0\x01${type}`);
  sizes.writeBigUInt64BE(BigInt(16 + content.length), 8);
  return Buffer.concat([sizes, content]);
}

const track = (handler: string) =>
  box('trak', box('tkhd', Buffer.alloc(80)), box('mdia', box('hdlr', Buffer.alloc(8), Buffer.from(handler))));
const start = box('ftyp', Buffer.from('isom'));

describe('the tracks of an MP4', () => {
  it.each([
    [['soun'], ['audio']],
    [
      ['soun', 'vide'],
      ['audio', 'video'],
    ],
    [['vide', 'tmcd', 'meta'], ['video']],
    [['soun', 'text', 'subt'], ['audio']],
    [['auxv'], ['video']],
    [['pict'], ['video']],
    [['hint'], []],
    [[], []],
  ])('with the handlers %j are %j', async (handlers, kinds) => {
    const file = inMemory(start, box('mdat', Buffer.alloc(20_000)), box('moov', ...handlers.map(track)));
    expect([...(await mp4Tracks(file))].sort()).toEqual(kinds);
  });

  it('are found behind and in boxes of 64-bit sizes, and in one that goes on to the end', async () => {
    const open = box('moov', track('soun'));
    open.writeUInt32BE(0);
    for (const movie of [wideBox('moov', track('soun')), open]) {
      expect(await mp4Tracks(inMemory(start, wideBox('mdat', Buffer.alloc(9)), movie))).toEqual(new Set(['audio']));
    }
  });

  it('are none without a movie, and those of the first of two', async () => {
    expect(await mp4Tracks(inMemory(start, box('moof', track('soun'))))).toEqual(new Set());
    const two = inMemory(box('moov', track('soun')), box('moov', track('vide')));
    expect(await mp4Tracks(two)).toEqual(new Set(['audio']));
  });

  const small = box('free');
  small.writeUInt32BE(7);
  const large = box('free');
  large.writeUInt32BE(9);
  it.each([
    ['a track without a media box', box('trak')],
    ['a track without a handler', box('trak', box('mdia', box('mdhd')))],
    ['a handler that is cut off', box('trak', box('mdia', box('hdlr', Buffer.alloc(8))))],
    ['a box that is smaller than its header', small],
    ['a box that is larger than what it is in', large],
    ['a 64-bit size that is too small', wideBox('free', Buffer.alloc(8)).fill(0, 8)],
  ])('cannot be told of a movie with %s', async (_, content) => {
    const file = inMemory(start, box('moov', track('soun'), content));
    await expect(mp4Tracks(file)).rejects.toThrow(UnreadableMediaError);
  });
});
