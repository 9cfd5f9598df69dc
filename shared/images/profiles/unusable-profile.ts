/** A profile breaks a rule that decoders rely on. Never leaves this folder: `rebuildProfile` returns undefined for it. */
export class UnusableProfileError extends Error {}

/** @throws UnusableProfileError unless `holds`; `rule` says what a usable profile has */
export function requireThat(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new UnusableProfileError(rule);
}
