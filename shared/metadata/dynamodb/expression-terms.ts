/** Names and values of one request. Expressions mention them by placeholders: many attribute names are reserved words. */
export interface Terms {
  /** The placeholder of an attribute: `#status`. */
  name(attribute: string): string;
  /** The placeholder of a value: `:0`. */
  value(value: unknown): string;
  /** What was mentioned, for the request. DynamoDB refuses an empty list of either. */
  used(): {
    readonly ExpressionAttributeNames?: Record<string, string>;
    readonly ExpressionAttributeValues?: Record<string, unknown>;
  };
}

export function newTerms(): Terms {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  return {
    name(attribute) {
      names[`#${attribute}`] = attribute;
      return `#${attribute}`;
    },
    value(value) {
      const placeholder = `:${Object.keys(values).length}`;
      values[placeholder] = value;
      return placeholder;
    },
    used: () => ({
      ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
      ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    }),
  };
}
