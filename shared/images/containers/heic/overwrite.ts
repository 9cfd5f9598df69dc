/**
 * Overwrites `[start, end)` of a NAL unit. A decoder drops each 3 that follows two zeros (ITU-T H.265, 7.4.2), so these
 * three bytes stay, also where they reach over the border; else what follows would be read from another place.
 */
export function overwrite(unit: Buffer, start: number, end: number): void {
  let isAfterEscape = isEscape(unit, start - 1);
  for (let at = start; at < end; at++) {
    if (isEscape(unit, at)) {
      isAfterEscape = true;
      continue;
    }
    const isBeforeEscape = isEscape(unit, at + 1) || isEscape(unit, at + 2);
    // After an escape only 0 to 3 are allowed.
    if (!isBeforeEscape) unit[at] = isAfterEscape ? 1 : 0xff;
    isAfterEscape = false;
  }
}

/** Whether a decoder drops the byte at `at`. */
export function isEscape(unit: Buffer, at: number): boolean {
  return unit[at] === 3 && unit[at - 1] === 0 && unit[at - 2] === 0;
}
