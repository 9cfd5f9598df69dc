import type { Scanner } from '../dependencies.ts';

/** The EICAR test file's text, in two halves: this source file must not be taken for malware itself. */
const EICAR = Buffer.from(['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join(''));

/** Knows the harmless test signature alone (https://www.eicar.org), so that the way of infected files can be tried. */
export const eicarScanner: Scanner = {
  async scan({ bytes }) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(EICAR) ? 'infected' : 'clean';
  },
};
