import type { Context, SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { objectCreatedEvent } from '../../functions/local/s3-event.ts';
import { createProcessUploadHandler } from '../../functions/process-upload.ts';
import type { WorkerDependencies } from '../../shared/dependencies.ts';
import { DependencyUnavailableError } from '../../shared/errors.ts';

const NOW = new Date('2026-11-25T10:00:00Z');
const FAILED = { batchItemFailures: [{ itemIdentifier: 'm-1' }] };
const ACKNOWLEDGED = { batchItemFailures: [] };

type Change = Parameters<WorkerDependencies['visibility']['change']>[0];

/** A worker over a metadata store of which only these methods respond, and what it changed the visibility to. */
function openWorker(metadata: Partial<WorkerDependencies['metadata']>) {
  const changes: Change[] = [];
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  const handler = createProcessUploadHandler({
    metadata: { deferUpload: async () => 'deferred', ...metadata },
    storage: { getFileInfo: async ({ key }: { key: string }) => ({ key, eTag: 'e-1' }) },
    visibility: { change: async (change: Change) => void changes.push(change) },
    settings: { bucket: { name: 'files', keyPrefix: '' }, leaseSeconds: 120, giveUpMilliseconds: 86_400_000 },
    log: { info: note, warn: note, error: note },
    metrics: { record: () => {} },
    clock: () => NOW,
    newId: () => 'lease-1',
  } as unknown as WorkerDependencies);
  const deliver = (body: object, receives = 1) => handler(eventOf(body, receives), {} as Context);
  return { deliver, changes, lines };
}

function eventOf(body: object, receives: number): SQSEvent {
  const attributes = { ApproximateReceiveCount: `${receives}` };
  const record = { messageId: 'm-1', receiptHandle: `r-${receives}`, body: JSON.stringify(body), attributes };
  return { Records: [record] } as unknown as SQSEvent;
}

const down = async (): Promise<never> => {
  throw new DependencyUnavailableError('staged');
};

describe('a message of the uploads queue', () => {
  it.each([
    [1, 5, 7],
    [2, 20, 25],
    [3, 80, 100],
  ])('that meets a fault of a dependency on receive %i is retried after %i to %i s', async (receives, least, most) => {
    const { deliver, changes } = openWorker({ getUpload: down });
    expect(await deliver({ uploadId: 'u-1' }, receives)).toEqual(FAILED);
    expect(changes).toEqual([{ receiptHandle: `r-${receives}`, seconds: expect.any(Number) }]);
    expect(changes[0]?.seconds).toBeGreaterThanOrEqual(least);
    expect(changes[0]?.seconds).toBeLessThanOrEqual(most);
  });

  it.each([4, 5])('is acknowledged on receive %i, because the sweep owns the retry then', async (receives) => {
    const { deliver, changes } = openWorker({ getUpload: down });
    expect(await deliver({ uploadId: 'u-1' }, receives)).toEqual(ACKNOWLEDGED);
    expect(changes).toEqual([]);
  });

  it('that meets a defect is retried after the visibility timeout of the queue', async () => {
    const defect = async () => {
      throw new TypeError('staged');
    };
    const { deliver, changes, lines } = openWorker({ getUpload: defect });
    expect(await deliver({ uploadId: 'u-1' })).toEqual(FAILED);
    expect(changes).toEqual([]);
    expect(lines).toContain('a message failed; it will be delivered again');
  });

  it('about several uploads is retried for the one that is due first', async () => {
    const leaseUntil = new Date(NOW.getTime() + 100_000).toISOString();
    const { deliver, changes } = openWorker({
      getUpload: (async ({ uploadId }: { uploadId: string }) =>
        uploadId === 'u-2' ? down() : { uploadId, status: 'processing', key: `temp/uploads/${uploadId}` }) as never,
      beginUpload: async () => ({ outcome: 'busy', leaseUntil }),
    });
    const events = ['u-1', 'u-2'].map((id) =>
      objectCreatedEvent({ bucket: 'files', key: `temp/uploads/${id}`, size: 1, eTag: 'e-1', at: NOW }),
    );
    expect(await deliver({ Records: events.flatMap(({ Records }) => Records) })).toEqual(FAILED);
    expect(changes).toHaveLength(1);
    expect(changes[0]?.seconds).toBeLessThan(10);
  });

  it('is acknowledged for an id that is unknown, and for what is no upload', async () => {
    const { deliver, lines } = openWorker({ getUpload: async () => undefined });
    expect(await deliver({ uploadId: 'u-1' })).toEqual(ACKNOWLEDGED);
    expect(await deliver({ Event: 's3:TestEvent' })).toEqual(ACKNOWLEDGED);
    expect(lines).toEqual(['upload processed', 'nothing to process']);
  });

  it('that the service does not send fails each time, and so ends in the dead-letter queue', async () => {
    const { deliver, changes } = openWorker({});
    for (const receives of [1, 5]) expect(await deliver({ upload: 'u-1' }, receives)).toEqual(FAILED);
    expect(changes).toEqual([]);
  });
});
