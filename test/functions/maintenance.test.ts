import type { Context, SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { purgeMessage, sweepMessage } from '../../functions/events.ts';
import { createMaintenanceHandler } from '../../functions/maintenance.ts';
import type { MaintenanceDependencies } from '../../shared/dependencies.ts';
import { DependencyUnavailableError } from '../../shared/errors.ts';

const FAILED = { batchItemFailures: [{ itemIdentifier: 'm-1' }] };
const ACKNOWLEDGED = { batchItemFailures: [] };
const ADA = { entityType: 'users', entityId: 'ada' } as const;

/** Maintenance over a metadata store of which only these methods respond; each look for due work takes `seconds`. */
function openMaintenance({
  seconds = 0,
  ...metadata
}: Partial<MaintenanceDependencies['metadata']> & { seconds?: number }) {
  let now = Date.parse('2026-11-25T10:00:00Z');
  const looks: number[] = [];
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  const handler = createMaintenanceHandler({
    metadata: {
      dueShards: async () => [],
      // A shard that never ends.
      dueWork: async ({ shard }: { shard: number }) => {
        looks.push(shard);
        now += seconds * 1000;
        return { items: [], ...(seconds > 0 && { cursor: 'next' }) };
      },
      getUploads: async () => [],
      ...metadata,
    },
    log: { info: note, warn: note, error: note },
    metrics: { record: () => {} },
    clock: () => new Date(now),
  } as unknown as MaintenanceDependencies);
  const deliver = (body: string, { context = {}, age = 0 }: { context?: Partial<Context>; age?: number } = {}) => {
    const attributes = { SentTimestamp: `${now - age}` };
    const event = { Records: [{ messageId: 'm-1', body, attributes }] } as unknown as SQSEvent;
    return handler(event, context as Context);
  };
  const sweep = () => handler({ 'detail-type': 'Scheduled Event' }, {} as Context);
  return { deliver, sweep, looks, lines };
}

const down = async (): Promise<never> => {
  throw new DependencyUnavailableError('staged');
};

describe('the maintenance function', () => {
  it('acknowledges a purge and a removal that fail: they are due, and the sweep retries them', async () => {
    const { deliver, lines } = openMaintenance({ getAvatar: down, getAttachment: down });
    expect(await deliver(purgeMessage({ avatar: ADA }))).toEqual(ACKNOWLEDGED);
    expect(await deliver(purgeMessage({ attachment: 'f-1' }))).toEqual(ACKNOWLEDGED);
    expect(lines).toEqual(Array(2).fill('maintenance failed; its records stay due for the sweep'));
  });

  it('sweeps the shard that a message names, and acknowledges also a sweep that fails', async () => {
    const { deliver, looks } = openMaintenance({});
    expect(await deliver(sweepMessage({ shard: 17 }))).toEqual(ACKNOWLEDGED);
    expect(looks).toEqual([17]);
    expect(await openMaintenance({ dueWork: down }).deliver(sweepMessage({ shard: 17 }))).toEqual(ACKNOWLEDGED);
  });

  it('leaves a shard to the newer message when its own has waited for over two minutes', async () => {
    const { deliver, looks } = openMaintenance({});
    expect(await deliver(sweepMessage({ shard: 17 }), { age: 120_001 })).toEqual(ACKNOWLEDGED);
    expect(looks).toEqual([]);
    await deliver(sweepMessage({ shard: 17 }), { age: 120_000 });
    expect(looks).toEqual([17]);
  });

  it('purges however long the message has waited', async () => {
    let asked = 0;
    const getAvatar = async () => {
      asked += 1;
      return undefined;
    };
    await openMaintenance({ getAvatar }).deliver(purgeMessage({ avatar: ADA }), { age: 86_400_000 });
    expect(asked).toBe(1);
  });

  it.each([
    ['of 30 s', { getRemainingTimeInMillis: () => 30_000 }, 20],
    ['of 60 s', { getRemainingTimeInMillis: () => 60_000 }, 50],
    ['of no Lambda', {}, 50],
  ])('begins nothing in the last ten seconds of a timeout %s', async (_, context, seconds) => {
    const { deliver, looks } = openMaintenance({ seconds: 1 });
    await deliver(sweepMessage({ shard: 3 }), { context });
    expect(looks).toHaveLength(seconds);
  });

  it.each(['{', '{}', '{"purge":{"entityType":"temp","entityId":"ada"}}', '{"sweep":{"shard":64}}'])(
    'fails on the unreadable message %s, so that it ends in the dead-letter queue',
    async (body) => {
      expect(await openMaintenance({}).deliver(body)).toEqual(FAILED);
    },
  );

  it('responds to the schedule with what it did, and fails when it cannot look for what is due', async () => {
    expect(await openMaintenance({}).sweep()).toMatchObject({ purged: 0, failed: 0 });
    await expect(openMaintenance({ dueShards: down }).sweep()).rejects.toBeInstanceOf(DependencyUnavailableError);
  });
});
