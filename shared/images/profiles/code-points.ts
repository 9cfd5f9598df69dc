import { type Primaries, SRGB_PRIMARIES, type Transfer } from './make-profile.ts';

const { white: D65 } = SRGB_PRIMARIES;

/** The colour primaries of ITU-T H.273, table 2: code point -> chromaticities. */
export const CODE_POINT_PRIMARIES: Readonly<Record<number, Primaries>> = {
  1: SRGB_PRIMARIES,
  4: { white: [0.31, 0.316], red: [0.67, 0.33], green: [0.21, 0.71], blue: [0.14, 0.08] },
  5: { white: D65, red: [0.64, 0.33], green: [0.29, 0.6], blue: [0.15, 0.06] },
  6: { white: D65, red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07] },
  7: { white: D65, red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07] },
  9: { white: D65, red: [0.708, 0.292], green: [0.17, 0.797], blue: [0.131, 0.046] },
  11: { white: [0.314, 0.351], red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06] },
  12: { white: D65, red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06] },
};

/** How a display shows it (ITU-R BT.1886), not how a camera makes it. */
const BT709: Transfer = { gamma: 2.4 };

/** The transfer characteristics of ITU-T H.273, table 3, without the two of HDR. */
export const CODE_POINT_TRANSFERS: Readonly<Record<number, Transfer>> = {
  1: BT709,
  4: { gamma: 2.2 },
  5: { gamma: 2.8 },
  6: BT709,
  8: { gamma: 1 },
  13: { gamma: 2.4, a: 1 / 1.055, b: 0.055 / 1.055, c: 1 / 12.92, d: 0.04045 },
  14: BT709,
  15: BT709,
};
