import type { Instant } from './records.ts';

/** Where an attachment stands in every list. The cursor is `{createdAt} {fileId}`. */
export interface ListPosition {
  readonly createdAt: Instant;
  readonly fileId: string;
}

export function cursorOf({ createdAt, fileId }: ListPosition): string {
  return `${createdAt} ${fileId}`;
}

/** @throws RangeError for a cursor that no page gave. */
export function positionOf(cursor: string): ListPosition {
  const [, createdAt, fileId] = /^(\S+Z) (\S+)$/.exec(cursor) ?? [];
  if (createdAt === undefined || fileId === undefined) throw new RangeError(`"${cursor}" is not a cursor of a list`);
  return { createdAt, fileId };
}
