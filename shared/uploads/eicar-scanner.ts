import type { Scanner } from '../dependencies.ts';

/** The EICAR test file's text, in two halves: this source file must not be taken for malware itself. */
const EICAR = Buffer.from(['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join(''));

/** A test file has the signature at its very start; this also finds it behind a picture, but not gigabytes away. */
const SEARCHED_BYTES = 64 * 1024 ** 2;

/** Knows the harmless test signature alone (https://www.eicar.org), so that the way of infected files can be tried. */
export const eicarScanner: Scanner = {
  async scan(file) {
    let searched = 0;
    let tail: Buffer = Buffer.alloc(0);
    for await (const chunk of file) {
      const seen = Buffer.concat([tail, chunk]);
      if (seen.includes(EICAR)) return 'infected';
      tail = seen.subarray(-(EICAR.length - 1));
      searched += chunk.length;
      if (searched >= SEARCHED_BYTES) break;
    }
    return 'clean';
  },
};
