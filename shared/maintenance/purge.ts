import pMap from 'p-map';
import { keysOfVersion, removeFolder } from '../avatars/version-files.ts';
import type { MaintenanceDependencies } from '../dependencies.ts';
import { DependencyUnavailableError } from '../errors.ts';
import type { RetiredVersion } from '../metadata/records.ts';
import { dueVersions, foldersInUse } from '../metadata/transitions/retired-versions.ts';
import { type AvatarRef, avatarPrefix, folderOfKey } from '../storage/object-keys.ts';
import { eachFile } from '../storage/storage-backend.ts';

/** Avatars whose files are removed side by side, seven of each and more. */
const AT_ONCE = 6;

export type PurgeResult =
  | { readonly result: 'purged' | 'left' }
  | { readonly result: 'failed'; readonly error: unknown };

/** The versions of one avatar whose files were removed. */
interface Removed {
  readonly avatar: AvatarRef;
  readonly due: readonly RetiredVersion[];
}

/**
 * Removes the files of every retired version that is due, of several avatars, which share one invalidation because the
 * CDN takes few at a time. A deleted version has two passes: copies at the CDN are invalidated in both, and the second
 * one, 15 minutes later, also looks for what a worker wrote after its lease was lost. Repeatable at any point: a version
 * is forgotten only after its files are gone.
 * @returns a result for each avatar in their order; `left`: nothing was due. One avatar's failure does not touch others.
 */
export async function purgeAvatars(
  dependencies: MaintenanceDependencies,
  avatars: readonly AvatarRef[],
): Promise<PurgeResult[]> {
  const removals = await pMap(avatars, (avatar) => settled(removeDue(dependencies, avatar)), { concurrency: AT_ONCE });
  const removed = removals.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const deleted = removed.filter(({ due }) => due.some(({ pass }) => pass !== undefined));
  const invalidation = invalidate(dependencies, deleted);
  const finished = removals.map(async (removal): Promise<PurgeResult> => {
    try {
      if (removal.status === 'rejected') throw removal.reason;
      if (removal.value.due.length === 0) return { result: 'left' };
      if (deleted.includes(removal.value)) await invalidation;
      await finish(dependencies, removal.value);
      return { result: 'purged' };
    } catch (error) {
      return { result: 'failed', error };
    }
  });
  await invalidation.catch(() => {});
  return Promise.all(finished);
}

/** The same for one avatar. @throws what keeps its purge from succeeding. */
export async function purgeAvatar(dependencies: MaintenanceDependencies, avatar: AvatarRef): Promise<void> {
  const [purged] = await purgeAvatars(dependencies, [avatar]);
  if (purged?.result === 'failed') throw purged.error;
}

async function settled<T>(work: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.allSettled([work]);
  return result;
}

async function removeDue(dependencies: MaintenanceDependencies, { entityType, entityId }: AvatarRef): Promise<Removed> {
  const { storage, metadata, clock } = dependencies;
  const avatar = { entityType, entityId };
  const due = dueVersions(await metadata.getAvatar(avatar), clock());
  const keys = due.flatMap((version) => keysOfVersion(avatar, version));
  await Promise.all(keys.map((key) => storage.deleteFile({ key })));
  if (due.some(({ pass }) => pass === 'second')) await removeStrayFolders(dependencies, avatar);
  return { avatar, due };
}

/** @throws DependencyUnavailableError while the CDN takes no more. */
async function invalidate({ edgeCache }: MaintenanceDependencies, deleted: readonly Removed[]): Promise<void> {
  if (deleted.length === 0) return;
  const prefixes = deleted.map(({ avatar }) => avatarPrefix(avatar));
  if ((await edgeCache.invalidate(prefixes)) === 'accepted') return;
  throw new DependencyUnavailableError('the CDN has too many invalidations in progress');
}

async function finish({ metadata, clock }: MaintenanceDependencies, { avatar, due }: Removed): Promise<void> {
  await metadata.finishRemovals({ avatar, removed: due, now: clock() });
}

/**
 * Removes folders that are not in use, of uploads that the delete superseded or deleted: also what a worker that had lost
 * its lease has just written where the files of this pass were. The order matters: first the listing,
 * then the avatar, then the uploads. So a folder that is published, or may be published later, is seen as such: its
 * upload has a generation above the deleted one. Never by age, and never a file outside a folder.
 */
async function removeStrayFolders(
  { storage, metadata, clock }: Pick<MaintenanceDependencies, 'storage' | 'metadata' | 'clock'>,
  avatar: AvatarRef,
): Promise<void> {
  const found = new Set<string>();
  for await (const { key } of eachFile(storage, avatarPrefix(avatar))) found.add(folderOfKey(avatar, key) ?? '');
  found.delete('');
  const record = await metadata.getAvatar(avatar);
  for (const folder of foldersInUse(record, clock())) found.delete(folder);
  for (const folder of found) {
    const upload = await metadata.getUpload({ uploadId: folder });
    const isSuperseded = upload?.kind !== 'attachment' && (upload?.generation ?? 0) <= (record?.deletedGeneration ?? 0);
    if (!upload || isSuperseded) await removeFolder(storage, avatar, folder);
  }
}
