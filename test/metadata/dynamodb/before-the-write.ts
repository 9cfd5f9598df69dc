import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { intercept } from './intercept.ts';

/**
 * Lets a rival act once, just before the next write of this client: a transition reads, decides and writes, and what the
 * rival does between its read and its write must count.
 * @returns a function that removes the interception.
 */
export function beforeTheWrite(client: DynamoDBClient, act: () => Promise<unknown>): () => void {
  let acted = false;
  return intercept(client, async ({ operation, proceed }) => {
    if (!acted && /Write|Put|Update|Delete/.test(operation)) {
      acted = true;
      await act();
    }
    return proceed();
  });
}
