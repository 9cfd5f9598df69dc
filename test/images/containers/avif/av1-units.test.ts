import { describe, expect, it } from 'vitest';
import { areAv1Units, stripAv1Units } from '../../../../shared/images/containers/avif/av1-units.ts';
import { joined } from '../../../fixtures/containers.ts';
import { secret, secretsIn } from '../../../fixtures/tagged/secrets.ts';
import { av1Unit } from '../../../fixtures/tagged/tagged-animated-avif.ts';

const DELIMITER = av1Unit(2, '');
const FRAME = av1Unit(6, 'pixels');

function stripped(...units: readonly Buffer[]): Buffer {
  const bytes = joined(...units);
  stripAv1Units(bytes);
  return bytes;
}

describe('AV1 units', () => {
  it.each([
    ['a message of ITU-T T.35', av1Unit(5, joined('\x04', secret('T.35'), '\x80'))],
    ['a time code', av1Unit(5, joined('\x05', secret('a time code'), '\x80'))],
    ['metadata of an unknown type', av1Unit(5, joined('\x20', secret('a private type'), '\x80'))],
    ['brightness with text behind it', av1Unit(5, joined('\x01\x01\x02\x03\x04', secret('CLL'), '\x80'))],
    ['padding', av1Unit(15, joined(secret('padding'), '\x80'))],
  ])('lose %s: it becomes padding of the same length', (_, unit) => {
    const result = stripped(DELIMITER, unit, FRAME);
    expect(secretsIn(joined(unit))).toHaveLength(1);
    const content = joined(Buffer.alloc(unit.length - 3), '\x80');
    expect(result).toEqual(joined(DELIMITER, av1Unit(15, content), FRAME));
    expect(areAv1Units(result)).toBe(true);
    expect(stripped(result)).toEqual(result);
  });

  it.each([
    ['the brightness of the content', av1Unit(5, '\x01\x01\x02\x03\x04\x80')],
    ['the display that it was made on', av1Unit(5, joined('\x02', Buffer.alloc(24, 7), '\x80'))],
    ['a header and a frame', joined(av1Unit(1, 'header'), FRAME)],
  ])('keep %s', (_, unit) => {
    expect(stripped(DELIMITER, unit)).toEqual(joined(DELIMITER, unit));
  });

  it('may be empty padding, or metadata without content', () => {
    expect(stripped(av1Unit(15, ''), av1Unit(5, ''))).toEqual(joined(av1Unit(15, ''), av1Unit(15, '')));
  });

  it.each([
    ['a list of tiles', av1Unit(8, 'tiles')],
    ['a unit of a reserved type', av1Unit(9, 'text')],
    ['a delimiter with text', av1Unit(2, 'text')],
    ['no unit', Buffer.alloc(0)],
  ])('are not %s', (_, bytes) => {
    expect(areAv1Units(bytes)).toBe(false);
  });
});
