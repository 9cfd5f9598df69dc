import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

/**
 * Bytes of an item as DynamoDB counts them for capacity units: names and strings in UTF-8; a number one byte for two
 * digits, and one more; a list or map three bytes, and one for each element. Source: "DynamoDB item sizes and formats".
 */
export function itemSize(item: Readonly<Record<string, unknown>>): number {
  return sizeOfEntries(Object.entries(marshall(item)));
}

function sizeOfEntries(entries: readonly [string, AttributeValue][]): number {
  return entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + sizeOf(value), 0);
}

function sizeOf({ S, N, M, L }: AttributeValue): number {
  if (S !== undefined) return Buffer.byteLength(S);
  if (N !== undefined) return Math.ceil(N.replace(/^-?0*\.?0*|[^\d]/g, '').length / 2) + 1;
  if (M !== undefined) return 3 + Object.keys(M).length + sizeOfEntries(Object.entries(M));
  if (L !== undefined) return 3 + L.length + L.reduce((sum, value) => sum + sizeOf(value), 0);
  // A boolean or null.
  return 1;
}
