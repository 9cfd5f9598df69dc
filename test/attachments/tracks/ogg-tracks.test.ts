import { describe, expect, it } from 'vitest';
import { oggTracks } from '../../../shared/attachments/tracks/ogg-tracks.ts';
import { UnreadableMediaError } from '../../../shared/attachments/tracks/track-kinds.ts';
import { inMemory } from './in-memory.ts';

/** A page with one packet of less than 255 bytes; `flags`: 2 for the first of a stream. */
function page(packet: string, flags = 2): Buffer {
  const header = Buffer.alloc(28, 0);
  header.write(`OggS\0${String.fromCharCode(flags)}`, 'latin1');
  header[26] = 1;
  header[27] = packet.length;
  return Buffer.concat([header, Buffer.from(packet, 'latin1')]);
}

describe('the streams of an Ogg file', () => {
  it.each([
    [['OpusHead\x01'], ['audio']],
    [['\x01vorbis\0\0'], ['audio']],
    [['\x7fFLAC\x01\0'], ['audio']],
    [['Speex   1.2'], ['audio']],
    [
      ['fishead\0\x03\0', '\x80theora\x03', '\x01vorbis\0'],
      ['audio', 'video'],
    ],
    [
      ['\x01vorbis\0', '\x80theora\x03'],
      ['audio', 'video'],
    ],
    [['OpusHead\x01', '\x80kate\0\0\0'], ['audio']],
    [['\x01video\0\0'], ['video']],
    [['fishead\0\x03\0'], []],
  ])('that begin with %j are %j', async (packets, kinds) => {
    const file = inMemory(...packets.map((packet) => page(packet)), page('\x80theora', 0), page('\x80theora'));
    expect([...(await oggTracks(file))].sort()).toEqual(kinds);
  });

  it('are none in what is no Ogg', async () => {
    for (const bytes of ['', 'OggS', 'RIFF'.padEnd(100)]) {
      expect(await oggTracks(inMemory(Buffer.from(bytes)))).toEqual(new Set());
    }
  });

  it('cannot be told when one is of an unknown codec', async () => {
    await expect(oggTracks(inMemory(page('OpusHead'), page('NewVideo')))).rejects.toThrow(UnreadableMediaError);
  });
});
