import { ChangeMessageVisibilityCommand, SQSClient, SQSServiceException } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createSqsVisibility } from '../../../functions/aws/sqs-visibility.ts';

const QUEUE_URL = 'https://sqs.test/1/uploads';

const sqs = mockClient(SQSClient);
beforeEach(() => sqs.reset());
afterAll(() => sqs.restore());

describe('the visibility of messages in SQS', () => {
  const visibility = createSqsVisibility({ region: 'eu-central-1', queueUrl: QUEUE_URL });

  it('is changed for one receipt, to a number of seconds', async () => {
    await visibility.change({ receiptHandle: 'r-1', seconds: 20 });
    expect(sqs.commandCalls(ChangeMessageVisibilityCommand).map(({ args: [{ input }] }) => input)).toEqual([
      { QueueUrl: QUEUE_URL, ReceiptHandle: 'r-1', VisibilityTimeout: 20 },
    ]);
  });

  it.each([
    ['ReceiptHandleIsInvalid', 404],
    ['MessageNotInflight', 400],
    ['AccessDenied', 403],
    ['InternalFailure', 500],
  ])('is reported as unavailable when SQS responds %s', async (name, httpStatusCode) => {
    const cause = new SQSServiceException({ name, message: 'staged', $fault: 'client', $metadata: { httpStatusCode } });
    sqs.rejects(cause);
    await expect(visibility.change({ receiptHandle: 'r-1', seconds: 5 })).rejects.toMatchObject({
      code: 'dependency_unavailable',
      retryable: true,
      cause,
    });
  });
});
