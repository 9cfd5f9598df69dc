import { describe, expect, it } from 'vitest';
import { eicarScanner } from '../../shared/uploads/eicar-scanner.ts';

const SIGNATURE = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('');

async function* inChunks(text: string, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
}

describe('the scanner', () => {
  it.each([1, 7, 67, 68, 1000])('finds the signature in chunks of %d bytes, wherever it is cut', async (size) => {
    for (const before of ['', 'x', 'x'.repeat(63)]) {
      expect(await eicarScanner.scan(inChunks(`${before}${SIGNATURE}and more`, size))).toBe('infected');
    }
  });

  it('finds nothing in what only begins like it', async () => {
    expect(await eicarScanner.scan(inChunks(SIGNATURE.slice(0, -1).repeat(3), 10))).toBe('clean');
    expect(await eicarScanner.scan(inChunks('', 1))).toBe('clean');
  });
});
