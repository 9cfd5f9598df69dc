/** Numbers for texts: the same number for the same text. */
export function createNames(): (text: string) => number {
  const known = new Map<string, number>();
  return (text) => {
    const number = known.get(text) ?? known.size;
    if (number === known.size) known.set(text, number);
    return number;
  };
}

/** The value as text, the same for equal values: fields in the order of their names, bytes by their content. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => {
    if (field instanceof Uint8Array) return `bytes ${Buffer.from(field).toString('latin1')}`;
    if (field instanceof Error) return `${field.name}: ${field.message}`;
    if (typeof field !== 'object' || field === null || Array.isArray(field)) return field;
    if (Symbol.asyncIterator in field) return 'a stream';
    return Object.fromEntries(Object.entries(field).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
