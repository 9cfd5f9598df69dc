interface Measured {
  readonly latency: { readonly p50: number };
}

/**
 * Prints how many times as long each takes as the first, by the medians of one run: seconds depend on the machine,
 * ratios hardly do.
 */
export function printRatios<Name extends string>(
  results: { get(name: Name): Measured },
  [base, ...others]: readonly [Name, ...Name[]],
): void {
  const median = (name: Name) => results.get(name).latency.p50;
  const lines = others.map((name) => `  ${name}: ${(median(name) / median(base)).toFixed(2)} x ${base}`);
  console.log(`${lines.join('\n')}\n  (${base}: ${median(base).toFixed(3)} ms)`);
}
