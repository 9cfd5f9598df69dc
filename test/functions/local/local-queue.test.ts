import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SQSEvent } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalQueue } from '../../../functions/local/local-queue.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };

describe('the local queue', () => {
  let folder: string;
  let queue: LocalQueue;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'queue-'));
    queue = new LocalQueue({ name: 'uploads', deadLetterFile: join(folder, 'dead'), log: silent, retryDelay: 1 });
  });
  afterEach(async () => {
    await queue.stop();
    await rm(folder, { recursive: true });
  });

  /** Fails each message until it was delivered this often; records what was delivered. */
  function consumer(succeedsAt: number) {
    const bodies: string[] = [];
    const handler = async ({ Records: [record] }: SQSEvent) => {
      bodies.push(record?.body ?? '');
      const done = Number(record?.attributes.ApproximateReceiveCount) >= succeedsAt;
      return { batchItemFailures: done ? [] : [{ itemIdentifier: record?.messageId ?? '' }] };
    };
    return { bodies, handler };
  }

  it('keeps what was sent before anyone consumed', async () => {
    const { bodies, handler } = consumer(1);
    queue.send('a');
    queue.send('b');
    queue.consume(handler);
    await queue.drained();
    expect(bodies).toEqual(['a', 'b']);
  });

  it('delivers one message at a time', async () => {
    let inHand = 0;
    let most = 0;
    queue.consume(async () => {
      inHand += 1;
      most = Math.max(most, inHand);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inHand -= 1;
      return { batchItemFailures: [] };
    });
    for (const body of ['a', 'b', 'c']) queue.send(body);
    await queue.drained();
    expect(most).toBe(1);
  });

  it('delivers a failed message again, and the others meanwhile', async () => {
    const { bodies, handler } = consumer(3);
    queue.consume(handler);
    queue.send('a');
    queue.send('b');
    await queue.drained();
    expect(bodies.slice(0, 2)).toEqual(['a', 'b']);
    expect(bodies.filter((body) => body === 'a')).toHaveLength(3);
  });

  it('delivers a failed message again when its consumer asked for it, not after the delay of the queue', async () => {
    const slow = new LocalQueue({ name: 'uploads', deadLetterFile: folder, log: silent, retryDelay: 3_600_000 });
    const handles: string[] = [];
    slow.consume(async ({ Records: [record] }) => {
      if (handles.push(record?.receiptHandle ?? '') === 3) return { batchItemFailures: [] };
      await slow.visibility.change({ receiptHandle: record?.receiptHandle ?? '', seconds: 0.001 });
      return { batchItemFailures: [{ itemIdentifier: record?.messageId ?? '' }] };
    });
    slow.send('a');
    await slow.drained();
    expect(new Set(handles).size).toBe(3);
    await slow.stop();
  });

  it('refuses a change that comes after the delivery', async () => {
    const { handler } = consumer(1);
    let handle = '';
    queue.consume(async (event) => {
      handle = event.Records[0]?.receiptHandle ?? '';
      return handler(event);
    });
    queue.send('a');
    await queue.drained();
    await expect(queue.visibility.change({ receiptHandle: handle, seconds: 1 })).rejects.toThrow(RangeError);
  });

  it('treats a handler that throws as one that failed', async () => {
    let calls = 0;
    queue.consume(async () => {
      calls += 1;
      if (calls === 1) throw new Error('out of memory');
      return { batchItemFailures: [] };
    });
    queue.send('a');
    await queue.drained();
    expect(calls).toBe(2);
  });

  describe('with room for three messages, two of a group', () => {
    let fair: LocalQueue;
    const inHand = new Map<string, { receiptHandle: string; end(): void }>();
    beforeEach(() => {
      inHand.clear();
      const laneOf = async (body: string) => {
        if (body.startsWith('?')) throw new Error('no record');
        return { group: body.slice(0, 1), subject: body };
      };
      const concurrency = { most: 3, mostOfGroup: 2, laneOf };
      fair = new LocalQueue({ name: 'uploads', deadLetterFile: folder, log: silent, retryDelay: 1, concurrency });
      fair.consume(async ({ Records: [record] }) => {
        const { body = '', receiptHandle = '' } = record ?? {};
        await new Promise<void>((end) => inHand.set(body, { receiptHandle, end }));
        inHand.delete(body);
        return { batchItemFailures: [] };
      });
    });
    afterEach(async () => {
      for (const { end } of inHand.values()) end();
      await fair.stop();
    });

    /** What is being delivered once nothing more begins. */
    async function begun(): Promise<string[]> {
      await new Promise((resolve) => setImmediate(resolve));
      return [...inHand.keys()].sort();
    }

    it('keeps a place free for another group, however many of the first one wait', async () => {
      for (const body of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2']) fair.send(body);
      expect(await begun()).toEqual(['a1', 'a2', 'b1']);
      inHand.get('b1')?.end();
      expect(await begun()).toEqual(['a1', 'a2', 'b2']);
      inHand.get('a2')?.end();
      expect(await begun()).toEqual(['a1', 'a3', 'b2']);
    });

    it('delivers no two messages about one subject at a time', async () => {
      for (const body of ['a1', 'a1', 'a2']) fair.send(body);
      expect(await begun()).toEqual(['a1', 'a2']);
      inHand.get('a1')?.end();
      expect(await begun()).toEqual(['a1', 'a2']);
      inHand.get('a1')?.end();
      expect(await begun()).toEqual(['a2']);
    });

    it('has one group for all messages whose group cannot be found', async () => {
      for (const body of ['?1', '?2', '?3', 'a1']) fair.send(body);
      expect(await begun()).toEqual(['?1', '?2', 'a1']);
    });

    it('changes the visibility of each message that is being delivered', async () => {
      for (const body of ['a1', 'b1']) fair.send(body);
      await begun();
      for (const { receiptHandle } of inHand.values()) {
        await expect(fair.visibility.change({ receiptHandle, seconds: 1 })).resolves.toBeUndefined();
      }
    });

    it('ends only after every message that is being delivered', async () => {
      for (const body of ['a1', 'b1', 'a2', 'a3']) fair.send(body);
      await begun();
      let hasStopped = false;
      const stopped = fair.stop().then(() => {
        hasStopped = true;
      });
      for (const body of ['a1', 'b1']) inHand.get(body)?.end();
      expect(await begun()).toEqual(['a2']);
      expect(hasStopped).toBe(false);
      inHand.get('a2')?.end();
      await stopped;
      expect(await begun()).toEqual([]);
    });
  });

  it('writes a message that failed five times to the dead letters', async () => {
    const { bodies, handler } = consumer(Number.POSITIVE_INFINITY);
    queue.consume(handler);
    queue.send('poison');
    await queue.drained();
    expect(bodies).toHaveLength(5);
    const letter = JSON.parse(await readFile(join(folder, 'dead'), 'utf8'));
    expect(letter).toMatchObject({ queue: 'uploads', body: 'poison' });
  });

  it('goes on when a dead letter cannot be written', async () => {
    const broken = new LocalQueue({
      name: 'uploads',
      deadLetterFile: join(folder, 'no/such'),
      log: silent,
      retryDelay: 1,
    });
    const bodies: string[] = [];
    broken.consume(async ({ Records: [record] }) => {
      bodies.push(record?.body ?? '');
      return { batchItemFailures: record?.body === 'poison' ? [{ itemIdentifier: record.messageId }] : [] };
    });
    broken.send('poison');
    await broken.drained();
    broken.send('next');
    await broken.drained();
    expect(bodies.at(-1)).toBe('next');
    await broken.stop();
  });

  it('delivers nothing more once it was stopped', async () => {
    const { bodies, handler } = consumer(1);
    queue.consume(handler);
    await queue.stop();
    queue.send('late');
    expect(bodies).toEqual([]);
  });
});
