import { isSigned, type LinkKeys, type SignedParts, sign } from '../access/link-secret.ts';
import { RequestRefusedError } from '../errors.ts';

/** The list that a cursor belongs to. With any other, it is refused. */
export interface ListScope {
  readonly organizationId: string;
  /** Who sees the list, if others see another one. @default - everyone of the organization sees the same */
  readonly sub?: string;
  /** What narrows the list, by name. */
  readonly filters: Readonly<Record<string, string | undefined>>;
}

/** Longer ones are neither made nor looked at. */
export const MAX_CURSOR_CHARACTERS = 1024;

/**
 * A cursor for clients from the one of the metadata store. It is signed, not encrypted: where the page ended can be read
 * in it.
 * @throws RangeError if the store's cursor does not fit.
 */
export function sealCursor(storeCursor: string, scope: ListScope, keys: LinkKeys): string {
  const position = Buffer.from(storeCursor).toString('base64url');
  const cursor = `${position}.${sign(keys, 'list-cursor', partsOf(position, scope))}`;
  if (cursor.length > MAX_CURSOR_CHARACTERS) throw new RangeError(`a cursor of ${cursor.length} characters`);
  return cursor;
}

/**
 * The store's cursor in one that `sealCursor` made for the same list.
 * @throws RequestRefusedError `invalid_request` for every other string.
 */
export function openCursor(cursor: string, scope: ListScope, keys: LinkKeys): string {
  const [position = '', signature = ''] = cursor.length > MAX_CURSOR_CHARACTERS ? [] : cursor.split(/\.(.*)/s);
  if (!isSigned(keys, 'list-cursor', partsOf(position, scope), signature)) {
    throw new RequestRefusedError('invalid_request', 'the cursor does not belong to this list', {
      field: 'cursor',
      accepted: 'nextCursor of the page before, with the same filters',
    });
  }
  return Buffer.from(position, 'base64url').toString();
}

function partsOf(position: string, { organizationId, sub, filters }: ListScope): SignedParts {
  const given = Object.entries(filters).filter((filter): filter is [string, string] => filter[1] !== undefined);
  return [position, organizationId, sub ?? null, given.sort(([a], [b]) => (a < b ? -1 : 1))];
}
