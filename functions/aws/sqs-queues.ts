import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Queues } from '../../shared/dependencies.ts';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { purgeMessage, sweepMessage } from '../events.ts';
import { CLIENT_LIMITS } from './client-limits.ts';

export interface SqsQueuesOptions {
  readonly region: string;
  readonly uploadQueueUrl: string;
  readonly maintenanceQueueUrl: string;
}

/** The queues between the functions. The client is loaded for the first message: most requests send none. */
export function createSqsQueues({ region, uploadQueueUrl, maintenanceQueueUrl }: SqsQueuesOptions): Queues {
  let client: SQSClient | undefined;
  async function send(QueueUrl: string, MessageBody: string): Promise<void> {
    const { SendMessageCommand, SQSClient } = await import('@aws-sdk/client-sqs');
    client ??= new SQSClient({ region, ...CLIENT_LIMITS });
    try {
      await client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    } catch (cause) {
      throw new DependencyUnavailableError(`SQS did not accept a message for ${QueueUrl}`, { cause });
    }
  }
  return {
    sendUpload: (message) => send(uploadQueueUrl, JSON.stringify(message)),
    sendPurge: (message) => send(maintenanceQueueUrl, purgeMessage(message)),
    sendSweep: (message) => send(maintenanceQueueUrl, sweepMessage(message)),
  };
}
