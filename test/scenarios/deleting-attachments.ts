import { describe, expect, it } from 'vitest';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { attach, keysOf, LETTER } from './attached-files.ts';
import { type Client, clientOf } from './client.ts';
import { failing } from './intercepted-port.ts';
import { usageOf } from './observed-state.ts';
import { settle } from './settle.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

const NOTHING = { bytes: 0, files: 0, openUploads: 0 };

/** Many deletions in one request: each id has its own result, whatever becomes of the others. */
export function describeDeletingAttachments(openAdapters: OpenAdapters): void {
  describe('deleting attachments in one request', () => {
    it('is one deletion with one message for an id that is named many times, and the same result for each', async () => {
      const { world, ada, ids } = await withAttached(openAdapters, 1);
      const named = Array<string>(30).fill(ids[0] ?? '');
      expect(await deleteAll(ada, named)).toEqual(named.map((id) => ({ id, deleted: true })));
      expect(world.messages).toHaveLength(1);
      expect(await usageOf(world)).toEqual(NOTHING);
    });

    it('is deleted for an id again until its objects are removed, and not found after that', async () => {
      const { world, ada, ids } = await withAttached(openAdapters, 3);
      for (let times = 0; times < 2; times += 1) {
        expect(await deleteAll(ada, ids)).toEqual(ids.map((id) => ({ id, deleted: true })));
      }
      await settle(world);
      expect(await keysOf(world)).toEqual([]);
      expect(await usageOf(world)).toEqual(NOTHING);
      expect(await deleteAll(ada, ids)).toEqual(ids.map((id) => ({ id, code: 'not_found' })));
    });

    it('deletes all although no message can be sent: the sweep removes their objects', async () => {
      const { world, ada, ids } = await withAttached(openAdapters, 3);
      const silent = failing('queues.sendPurge', new DependencyUnavailableError('no queue'));
      const results = await world.intercept(silent, () => deleteAll(ada, ids));
      expect(results).toEqual(ids.map((id) => ({ id, deleted: true })));
      expect(await world.sweep()).toMatchObject({ removed: 3 });
      expect(await keysOf(world)).toEqual([]);
    });

    it('tells another member only what a single request would: forbidden, or not found once it is deleted', async () => {
      const { world, ada, ids } = await withAttached(openAdapters, 2);
      const [first = '', second = ''] = ids;
      await deleteAll(ada, [first]);
      const bob = clientOf(world, { sub: 'bob' });
      expect(await deleteAll(bob, [first, second, 'nothing'])).toEqual([
        { id: first, code: 'not_found' },
        { id: second, code: 'forbidden' },
        { id: 'nothing', code: 'not_found' },
      ]);
    });
  });
}

interface Result {
  readonly id: string;
  readonly deleted?: true;
  readonly code?: string;
}

async function deleteAll(client: Client, ids: readonly string[]): Promise<readonly Result[]> {
  const { status, body } = await client.request('POST', '/attachments/delete', { body: { ids } });
  expect(status).toBe(200);
  return body.items as Result[];
}

/** Published attachments, with every message delivered. */
async function withAttached(
  openAdapters: OpenAdapters,
  count: number,
): Promise<{ readonly world: World; readonly ada: Client; readonly ids: readonly string[] }> {
  const world = await openWorld(openAdapters);
  const ada = clientOf(world, { sub: 'ada' });
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { id, event } = await attach(ada, LETTER, {}, `letter-${index}`);
    await world.deliver(event);
    ids.push(id);
  }
  return { world, ada, ids };
}
