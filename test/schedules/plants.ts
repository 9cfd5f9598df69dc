import type { Dependencies } from '../../shared/dependencies.ts';
import { AVATAR_TYPES } from '../../shared/images/formats.ts';
import type { Change, RecordStore } from '../../shared/metadata/record-store.ts';
import { publishAvatar } from '../../shared/metadata/transitions/publish-avatar.ts';
import { runTransition } from '../../shared/metadata/transitions/run-transition.ts';
import type { Transition } from '../../shared/metadata/transitions/transition.ts';
import { originalKey, type StorageKey } from '../../shared/storage/object-keys.ts';
import type { StorageBackend } from '../../shared/storage/storage-backend.ts';
import { AVATAR, type Plant } from './scenario.ts';

/*
 * Faults that the service once had, planted again around its ports: what it did before each image had a folder of its
 * own, was written once, and was published by conditions on the record alone.
 */

/** `avatars/users/ada/two/small.webp`: the prefix, the upload, the file. */
const FILE = /^(avatars\/users\/ada\/)([^/]+)\/([^/]+)$/;
const FOLDER = /^(avatars\/users\/ada\/)([^/]+)\/$/;

/** All versions of an avatar share their keys. */
function sharedKey<Key extends string>(key: Key): Key {
  return key.replace(FILE, '$1$3') as Key;
}

function writerOf(key: string): string {
  return FILE.exec(key)?.[2] ?? '';
}

/** A storage in which each version overwrites the one before, and marks its objects with the upload that wrote them. */
function overwriting(storage: StorageBackend): StorageBackend {
  return {
    ...storage,
    uploadFile({ ifNoneMatch, ...file }) {
      if (!FILE.test(file.key)) return storage.uploadFile({ ...file, ...(ifNoneMatch && { ifNoneMatch }) });
      return storage.uploadFile({ ...file, key: sharedKey(file.key), metadata: { writer: writerOf(file.key) } });
    },
    getFileInfo: ({ key }) => storage.getFileInfo({ key: sharedKey(key) }),
    /** In the folder of an upload: what bears its mark. */
    async listFiles(input) {
      const [, prefix, writer] = FOLDER.exec(input.prefix) ?? [];
      if (prefix === undefined) return storage.listFiles(input);
      const { files } = await storage.listFiles({ prefix });
      const infos = await Promise.all(files.map(({ key }) => storage.getFileInfo({ key })));
      return { files: infos.filter(({ metadata }) => metadata.writer === writer) };
    },
  };
}

/** A worker overwrites the published files before the flip, and clean-up removes what an upload without it has written. */
export const overwritesPublished: Plant = {
  title: 'published files are overwritten before the flip',
  plant: (dependencies, { role }) =>
    role === 'worker' ? { ...dependencies, storage: overwriting(dependencies.storage) } : dependencies,
  keyOf: sharedKey,
};

/** The same, and an upload is superseded by any newer one that has begun, whatever becomes of that. Nothing is removed. */
export const claimsBeforeWriting: Plant = {
  title: 'an image that has overwritten the published one is superseded by one that has only begun',
  plant(dependencies, { role }) {
    if (role !== 'worker') return dependencies;
    const { metadata } = dependencies;
    const storage: StorageBackend = { ...overwriting(dependencies.storage), listFiles: async () => ({ files: [] }) };
    return {
      ...dependencies,
      storage,
      metadata: {
        ...metadata,
        async publishAvatar(input) {
          const { latestUploadId = '' } = (await metadata.getAvatar(AVATAR)) ?? {};
          const latest = await metadata.getUpload({ uploadId: latestUploadId });
          const isClaimed = latest?.uploadId !== input.uploadId && (latest?.leases ?? 0) > 0;
          return isClaimed ? 'superseded' : metadata.publishAvatar(input);
        },
      },
    };
  },
  keyOf: sharedKey,
};

const CURRENT_ORIGINAL = 'avatars/users/ada/original' as StorageKey;

/** Each worker leaves its original where the next render finds it, whether it is published or not. */
export const rendersCurrentOriginal: Plant = {
  title: 'another crop is made from the original that was written last',
  plant(dependencies, { role }) {
    if (role !== 'worker') return dependencies;
    const { storage } = dependencies;
    return {
      ...dependencies,
      storage: {
        ...storage,
        async uploadFile(file) {
          if (!file.key.includes('/original.')) return storage.uploadFile(file);
          const { ifNoneMatch, ...current } = file;
          await storage.uploadFile({ ...current, key: CURRENT_ORIGINAL });
          return storage.uploadFile(file);
        },
        copyFile: ({ to }) => storage.copyFile({ from: CURRENT_ORIGINAL, to }),
      },
    };
  },
};

/** The original of a replaced image is removed at once, and a render whose source is gone does not ask whether it is shown. */
export const losesReplacedSource: Plant = {
  title: 'another crop of an image that was replaced meanwhile counts as lost',
  plant(dependencies, { role }) {
    if (role !== 'worker') return dependencies;
    const { metadata, storage } = dependencies;
    return {
      ...dependencies,
      metadata: {
        ...metadata,
        async getAvatar(avatar) {
          const record = await metadata.getAvatar(avatar);
          return record && { ...record, readyUploadId: 'one' };
        },
        async publishAvatar(input) {
          const replaced = (await metadata.getAvatar(AVATAR))?.image;
          const outcome = await metadata.publishAvatar(input);
          if (outcome === 'published' && replaced?.original) {
            const extension = AVATAR_TYPES[replaced.original.contentType];
            await storage.deleteFile({ key: originalKey(AVATAR, replaced.folder, extension) });
          }
          return outcome;
        },
      },
    };
  },
};

/** The flip asks neither for a higher generation nor for a render's source. */
export const flipsUnconditionally: Plant = {
  title: 'the flip has no condition on what is published',
  plant: (dependencies, { records }) => withTransition(dependencies, records),
};

function withTransition(dependencies: Dependencies, records: RecordStore): Dependencies {
  type Publish =
    typeof publishAvatar extends Transition<infer Input, infer Outcome> ? Transition<Input, Outcome> : never;
  const unconditional: Publish = {
    reads: publishAvatar.reads,
    decide(read, input) {
      const { upload, avatar } = read;
      const source = upload?.kind === 'render' ? upload.source.uploadId : avatar?.readyUploadId;
      const seen = avatar && { ...avatar, readyGeneration: 0, ...(source !== undefined && { readyUploadId: source }) };
      const decision = publishAvatar.decide({ ...read, avatar: seen }, input);
      const write = decision.writes?.avatar as Change | undefined;
      if (!write || !avatar) return decision;
      const planted: Change = { ...write, seen: avatar, uses: ['deletedGeneration', 'retired'] };
      return { ...decision, writes: { ...decision.writes, avatar: planted } };
    },
  };
  const publish: Dependencies['metadata']['publishAvatar'] = (input) => runTransition(records, unconditional, input);
  return { ...dependencies, metadata: { ...dependencies.metadata, publishAvatar: publish } };
}
