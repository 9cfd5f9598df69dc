/**
 * A copy of the value that nobody can change, without fields that are undefined. What is frozen already is taken as it
 * is: only these functions freeze, and they freeze to the bottom.
 */
export function frozenCopy<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T;
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) if (field !== undefined) copy[name] = frozenCopy(field);
  return Object.freeze(copy) as T;
}

/** Whether both have the same content; a field that is undefined is like one that is absent. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [some, others] = [one as Record<string, unknown>, other as Record<string, unknown>];
  return [...Object.keys(some), ...Object.keys(others)].every((name) => isSame(some[name], others[name]));
}
