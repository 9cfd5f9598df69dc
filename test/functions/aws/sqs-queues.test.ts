import { SendMessageCommand, SQSClient, SQSServiceException } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createSqsQueues } from '../../../functions/aws/sqs-queues.ts';
import { maintenanceMessageOf, uploadMessagesOf } from '../../../functions/events.ts';
import type { PurgeMessage, Queues } from '../../../shared/dependencies.ts';
import { DependencyUnavailableError } from '../../../shared/errors.ts';
import type { AvatarRef } from '../../../shared/storage/object-keys.ts';

const URLS = { uploadQueueUrl: 'https://sqs.test/1/uploads', maintenanceQueueUrl: 'https://sqs.test/1/maintenance' };
const BUCKET = { name: 'photos', keyPrefix: '' };
const ada: AvatarRef = { entityType: 'users', entityId: 'ada' };

const sqs = mockClient(SQSClient);
let queues: Queues;
beforeEach(() => {
  sqs.reset();
  queues = createSqsQueues({ region: 'eu-central-1', ...URLS });
});
afterAll(() => sqs.restore());

/** What was asked of SQS, in order. */
function sent() {
  return sqs.commandCalls(SendMessageCommand).map(({ args: [command] }) => command.input);
}

describe('the queues', () => {
  it('send an upload as the message that the worker reads', async () => {
    await queues.sendUpload({ uploadId: 'u-1' });
    expect(sent()).toEqual([{ QueueUrl: URLS.uploadQueueUrl, MessageBody: expect.any(String) }]);
    const [{ MessageBody: body = '' } = {}] = sent();
    expect(uploadMessagesOf({ body }, BUCKET)).toEqual([{ uploadId: 'u-1' }]);
  });

  it.each<PurgeMessage>([
    { avatar: ada },
    { avatar: { entityType: 'agents', entityId: 'ada|b=c@d+e' } },
    { attachment: 'f-1' },
  ])('send a purge as the message that maintenance reads: %o', async (purge) => {
    await queues.sendPurge(purge);
    expect(sent()).toEqual([{ QueueUrl: URLS.maintenanceQueueUrl, MessageBody: expect.any(String) }]);
    const [{ MessageBody: body = '' } = {}] = sent();
    expect(maintenanceMessageOf({ body })).toEqual({ purge });
  });

  it('send a sweep as the message that maintenance reads', async () => {
    await queues.sendSweep({ shard: 63 });
    expect(sent()).toEqual([{ QueueUrl: URLS.maintenanceQueueUrl, MessageBody: expect.any(String) }]);
    const [{ MessageBody: body = '' } = {}] = sent();
    expect(maintenanceMessageOf({ body })).toEqual({ sweep: { shard: 63 } });
  });

  it('send all messages through one client, even the first ones in parallel', async () => {
    await Promise.all([queues.sendUpload({ uploadId: 'u-1' }), queues.sendPurge({ avatar: ada })]);
    await queues.sendUpload({ uploadId: 'u-2' });
    const clients = sqs.calls().map(({ thisValue }) => thisValue);
    expect(clients).toHaveLength(3);
    expect(new Set(clients).size).toBe(1);
  });

  it.each([
    serviceFault('ThrottlingException', 400),
    serviceFault('QueueDoesNotExist', 400),
    serviceFault('AccessDenied', 403),
    serviceFault('InternalFailure', 500),
    Object.assign(new Error('silence'), { name: 'TimeoutError' }),
    Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }),
  ])('report that they are unavailable when SQS does not accept a message, and send it once: %s', async (cause) => {
    sqs.rejects(cause);
    const sends = [
      () => queues.sendUpload({ uploadId: 'u-1' }),
      () => queues.sendPurge({ avatar: ada }),
      () => queues.sendSweep({ shard: 0 }),
    ];
    for (const send of sends) {
      const error = await send().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DependencyUnavailableError);
      expect(error).toMatchObject({ code: 'dependency_unavailable', retryable: true, cause });
    }
    expect(sqs.calls()).toHaveLength(sends.length);
  });

  it('send messages again after one that failed', async () => {
    sqs.on(SendMessageCommand).rejectsOnce(serviceFault('ThrottlingException', 400)).resolves({});
    await expect(queues.sendUpload({ uploadId: 'u-1' })).rejects.toBeInstanceOf(DependencyUnavailableError);
    await queues.sendUpload({ uploadId: 'u-1' });
    expect(sqs.calls()).toHaveLength(2);
  });
});

function serviceFault(name: string, httpStatusCode: number): Error {
  return new SQSServiceException({ name, message: 'staged', $fault: 'client', $metadata: { httpStatusCode } });
}
