import { describe, expect, it } from 'vitest';
import { joinPieces } from '../../../shared/images/containers/join-pieces.ts';

describe('joinPieces', () => {
  const file = Buffer.from('abcdefgh');

  it('puts pieces together in order', () => {
    const pieces = [file.subarray(0, 2), Buffer.from('-'), file.subarray(4, 6), file.subarray(6)];
    expect(Buffer.from(joinPieces(pieces)).toString()).toBe('ab-efgh');
    expect(joinPieces([]).length).toBe(0);
  });

  it('copies nothing when the pieces are the whole', () => {
    const whole = joinPieces([file.subarray(0, 3), file.subarray(3, 4), file.subarray(4)]);
    expect(whole.buffer).toBe(file.buffer);
    expect(whole.byteOffset).toBe(file.byteOffset);
    expect(Buffer.from(whole).toString()).toBe('abcdefgh');
  });
});
