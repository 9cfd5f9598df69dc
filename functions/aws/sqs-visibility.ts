import type { SQSClient } from '@aws-sdk/client-sqs';
import type { MessageVisibility } from '../../shared/dependencies.ts';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { CLIENT_LIMITS } from './client-limits.ts';

export interface SqsVisibilityOptions {
  readonly region: string;
  /** The queue whose messages are received. */
  readonly queueUrl: string;
}

/** The visibility of the messages of one queue. The client is loaded on the first change: few messages are retried. */
export function createSqsVisibility({ region, queueUrl: QueueUrl }: SqsVisibilityOptions): MessageVisibility {
  let client: SQSClient | undefined;
  return {
    async change({ receiptHandle: ReceiptHandle, seconds: VisibilityTimeout }) {
      const { ChangeMessageVisibilityCommand, SQSClient } = await import('@aws-sdk/client-sqs');
      client ??= new SQSClient({ region, ...CLIENT_LIMITS });
      try {
        await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
      } catch (cause) {
        throw new DependencyUnavailableError(`SQS did not change the visibility of a message in ${QueueUrl}`, {
          cause,
        });
      }
    },
  };
}
