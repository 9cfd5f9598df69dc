import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** One request on its way from the adapter to the engine. */
export interface Call {
  readonly operation: string;
  readonly input: Record<string, unknown>;
  /** Sends it to the engine, and returns the response. */
  proceed(): Promise<Record<string, unknown>>;
}

/**
 * Puts `respond` between a client and the engine: in front of the retries that the SDK makes by itself (`request`), or
 * at each of its tries (`try`). What it throws is what the adapter, or the SDK, sees.
 * @returns a function that removes it again.
 */
export function intercept(
  client: DynamoDBClient,
  respond: (call: Call) => Promise<unknown>,
  at: 'request' | 'try' = 'request',
): () => void {
  const placement =
    at === 'request'
      ? ({ step: 'initialize', priority: 'high', name: 'intercept' } as const)
      : ({ step: 'finalizeRequest', priority: 'low', name: 'intercept' } as const);
  const middleware = (next: (args: never) => Promise<object>, { commandName = '' }: { commandName?: string }) => {
    return async (args: { readonly input: unknown }) => {
      let response = {};
      const output = await respond({
        operation: commandName.replace(/Command$/, ''),
        input: args.input as Record<string, unknown>,
        async proceed() {
          response = await next(args as never);
          return (response as { output: Record<string, unknown> }).output;
        },
      });
      return { ...response, output };
    };
  };
  client.middlewareStack.add(middleware as never, placement as never);
  return () => client.middlewareStack.remove('intercept');
}
