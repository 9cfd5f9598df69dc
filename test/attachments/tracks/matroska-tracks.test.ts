import { describe, expect, it } from 'vitest';
import { matroskaTracks } from '../../../shared/attachments/tracks/matroska-tracks.ts';
import { UnreadableMediaError } from '../../../shared/attachments/tracks/track-kinds.ts';
import { inMemory } from './in-memory.ts';

/** An element, its size in two bytes. */
function element(id: string, ...content: readonly Uint8Array[]): Buffer {
  const size = Buffer.alloc(2);
  size.writeUInt16BE(0x4000 | Buffer.concat(content).length);
  return Buffer.concat([Buffer.from(id, 'hex'), size, ...content]);
}

const unknownSize = (id: string, ...content: readonly Uint8Array[]) =>
  Buffer.concat([Buffer.from(`${id}ff`, 'hex'), ...content]);

const track = (...type: readonly number[]) =>
  element('ae', element('d7', Buffer.of(1)), element('83', Buffer.of(...type)));
const start = element('1a45dfa3', element('4282', Buffer.from('webm')));
const cluster = element('1f43b675', Buffer.alloc(100));
const segment = (...content: readonly Uint8Array[]) => element('18538067', ...content);

describe('the tracks of a Matroska file', () => {
  it.each([
    ['audio', [[2]], ['audio']],
    ['video and audio', [[1], [2]], ['audio', 'video']],
    ['audio and subtitles', [[2], [0x11]], ['audio']],
    ['a mix in one track', [[3]], ['video']],
    ['a type in more bytes than it needs', [[0, 0, 1]], ['video']],
    ['subtitles', [[0x11]], []],
  ])('are found in %s', async (_, types, kinds) => {
    const tracks = element('1654ae6b', element('ec', Buffer.alloc(9)), ...types.map((type) => track(...type)));
    expect([...(await matroskaTracks(inMemory(start, segment(tracks, cluster))))].sort()).toEqual(kinds);
  });

  it('are found in a segment of unknown size, and behind clusters', async () => {
    const tracks = element('1654ae6b', track(2));
    for (const content of [
      [tracks, cluster],
      [cluster, element('ec'), tracks],
    ]) {
      const file = inMemory(start, unknownSize('18538067', ...content));
      expect(await matroskaTracks(file)).toEqual(new Set(['audio']));
    }
  });

  it('are none without an element that lists them', async () => {
    expect(await matroskaTracks(inMemory(start, segment(cluster)))).toEqual(new Set());
    expect(await matroskaTracks(inMemory(start))).toEqual(new Set());
  });

  it.each([
    ['a cluster of unknown size before them', unknownSize('1f43b675', element('1654ae6b', track(2)))],
    ['a list of unknown size', unknownSize('1654ae6b', track(2))],
    ['a track without a type', element('1654ae6b', track(2), element('ae', element('d7', Buffer.of(1))))],
    ['an empty type', element('1654ae6b', track())],
    ['a type of seven bytes', element('1654ae6b', track(0, 0, 0, 0, 0, 0, 2))],
    ['an id of five bytes', Buffer.from('0854ae6b8080', 'hex')],
    ['a size of nine bytes', Buffer.from('1654ae6b00ffffffffffffffff', 'hex')],
    ['a header that is cut off', Buffer.from('1654', 'hex')],
  ])('cannot be told of a file with %s', async (_, content) => {
    await expect(matroskaTracks(inMemory(start, segment(content)))).rejects.toThrow(UnreadableMediaError);
  });
});
