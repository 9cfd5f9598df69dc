/** A record. Its type is not that of today's records: a step of the schema stays as it was released. */
export type Document = Readonly<Record<string, unknown>>;

/** The value of a column that held JSON. */
export function parsed<Value>(json: string | null): Value | undefined {
  return json === null ? undefined : (JSON.parse(json) as Value);
}

/** A column is null, and a parsed one undefined, where its record has no such field. */
export function withoutNulls(fields: Document): Document {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
