import { describe, expect, it } from 'vitest';
import type { UploadTicket } from '../../shared/api/schemas.ts';
import { DependencyUnavailableError, StorageDeniedError } from '../../shared/errors.ts';
import { askToAttach, keysOf, LETTER } from './attached-files.ts';
import { type Client, clientOf, type Reply } from './client.ts';
import type { Interceptor } from './intercepted-port.ts';
import { expectAtRest } from './observed-state.ts';
import { drain, settle } from './settle.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

/** Many files deleted by one request. */
export function describeBulkDeletes(openAdapters: OpenAdapters): void {
  describe('a bulk delete of five files, one of which cannot be deleted now', () => {
    it.each([
      ['the store is too busy', new DependencyUnavailableError('too busy')],
      ['access is denied', new StorageDeniedError('denied')],
      ['of a defect', new TypeError('undefined is not a function')],
    ])('because %s: deletes the other four and has a result for each', async (_, error) => {
      const { world, ada, ids } = await withFiles(openAdapters, 5);
      const { status, body } = await world.intercept(refuseThird(error), () => remove(ada, ids));
      expect(status).toBe(200);
      const items = body.items as { readonly id: string }[];
      expect(items.map(({ id }) => id)).toEqual(ids);
      const failed = items.filter((item) => !('deleted' in item));
      expect(failed).toEqual([{ id: expect.any(String), code: 'dependency_unavailable' }]);
      for (const item of items) {
        const isDeleted = 'deleted' in item;
        expect(await ada.request('GET', `/attachments/${item.id}`)).toMatchObject({ status: isDeleted ? 404 : 200 });
      }
    });

    it('reports all five as deleted when it is repeated before their files are removed', async () => {
      const { world, ada, ids } = await withFiles(openAdapters, 5);
      await world.intercept(refuseThird(), () => remove(ada, ids));
      const again = await remove(ada, ids);
      expect(again).toMatchObject({ status: 200, body: { items: ids.map((id) => ({ id, deleted: true })) } });
      await settle(world);
      expect(await keysOf(world)).toEqual([]);
      await expectAtRest(world, []);
    });
  });
}

async function withFiles(
  openAdapters: OpenAdapters,
  count: number,
): Promise<{ readonly world: World; readonly ada: Client; readonly ids: string[] }> {
  const world = await openWorld(openAdapters);
  const ada = clientOf(world, { sub: 'ada' });
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { body } = await askToAttach(ada, LETTER, {}, `file-${index}`);
    const ticket = body as unknown as UploadTicket;
    await world.writeBytes(ticket, LETTER.bytes);
    ids.push(ticket.uploadId);
  }
  await drain(world);
  return { world, ada, ids };
}

function remove(ada: Client, ids: readonly string[]): Promise<Reply> {
  return ada.request('POST', '/attachments/delete', { body: { ids } });
}

/** The third of the deletions fails. */
function refuseThird(error: Error = new DependencyUnavailableError('too busy')): Interceptor {
  let deletions = 0;
  return (call, proceed) => {
    if (call === 'metadata.markAttachmentDeleted') deletions += 1;
    const isRefused = call === 'metadata.markAttachmentDeleted' && deletions === 3;
    return isRefused ? Promise.reject(error) : proceed();
  };
}
