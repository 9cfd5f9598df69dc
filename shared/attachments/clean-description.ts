/**
 * A description as it is stored and handed out: every line break as U+000A, no other control character but the tab, no
 * lone surrogate (it becomes U+FFFD), nothing blank at its ends. Everything else stays, also the marks that give the
 * direction of Arabic and Hebrew. Undefined where nothing is left. Never has more characters than `raw`; cleaning a clean
 * description changes nothing.
 */
export function cleanDescription(raw: string): string | undefined {
  const text = raw.toWellFormed().replace(/\r\n?|[\x85\u2028\u2029]/g, '\n');
  return text.replace(CONTROLS, '').trim() || undefined;
}

const CONTROLS = /[\p{Cc}--[\t\n]]/gv;
