import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import { RequestRefusedError } from '../errors.ts';

const { localeError } = en();

/**
 * Reads one part of a request by its schema.
 * @throws RequestRefusedError `invalid_request` that names every refused field and what it accepts.
 */
export function readInput<S extends z.ZodMiniType>(schema: S, value: unknown, part: string): z.infer<S> {
  const parsed = z.safeParse(schema, value, { error: localeError });
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => refusalsOf(issue, part));
  const [first] = errors;
  throw new RequestRefusedError('invalid_request', `"${first?.field}" is not accepted`, { ...first, errors });
}

function refusalsOf(issue: z.core.$ZodIssue, part: string): { field: string; accepted: string }[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...issue.path, key].join('.'), accepted: 'no such field is known' }));
  }
  return [{ field: issue.path.join('.') || part, accepted: acceptedOf(issue.message) }];
}

/** "Too big: expected number to be <=1" -> "number to be <=1"; "expected int, received number" -> "int". */
function acceptedOf(message: string): string {
  return message.replace(/^[A-Z][^:]*: (expected )?/, '').replace(/, received .*$/, '');
}
