import { type StorageKey, storageKeyOf } from './object-keys.ts';
import type {
  FileUrlSource,
  ObjectStorage,
  PublicUrlInput,
  SignedUrlInput,
  StorageBackend,
} from './storage-backend.ts';

/**
 * The storage as seen from below a key prefix (`tenant/a`, a final slash may be given): the prefix stands before every
 * key that goes in and is gone from every key that comes out. Other keys can neither be named nor listed. Messages of
 * errors keep the whole key. An empty prefix is the storage itself.
 * @throws InvalidKeyError for a prefix that no key can start with.
 */
export function prefixStorage({ backend, prefix }: { backend: StorageBackend; prefix: string }): StorageBackend {
  if (prefix === '') return backend;
  const { withInnerKey } = insideOf(prefix);
  return {
    ...prefixObjects({ backend, prefix }),
    createMultipartUpload: (input) => backend.createMultipartUpload(withInnerKey(input)),
    signPart: (input) => backend.signPart(withInnerKey(input)),
    listParts: (input) => backend.listParts(withInnerKey(input)),
    completeMultipartUpload: (input) => backend.completeMultipartUpload(withInnerKey(input)),
    abortMultipartUpload: (input) => backend.abortMultipartUpload(withInnerKey(input)),
  };
}

/** The same for whole objects alone. */
export function prefixObjects({ backend, prefix }: { backend: ObjectStorage; prefix: string }): ObjectStorage {
  if (prefix === '') return backend;
  const { folder, inside, withInnerKey } = insideOf(prefix);
  const withOuterKey = <I extends { readonly key: StorageKey }>(info: I): I => ({
    ...info,
    key: info.key.slice(folder.length) as StorageKey,
  });
  return {
    ...prefixUrlSource({ backend, prefix }),
    uploadFile: (input) => backend.uploadFile(withInnerKey(input)),
    fileExists: (input) => backend.fileExists(withInnerKey(input)),
    deleteFile: (input) => backend.deleteFile(withInnerKey(input)),
    createUploadTicket: (grant) => backend.createUploadTicket(withInnerKey(grant)),
    copyFile: (input) => backend.copyFile({ ...input, from: inside(input.from), to: inside(input.to) }),
    getFileInfo: async (input) => withOuterKey(await backend.getFileInfo(withInnerKey(input))),
    async downloadFile(input) {
      const { info, body } = await backend.downloadFile(withInnerKey(input));
      return { info: withOuterKey(info), body };
    },
    async listFiles(input) {
      const page = await backend.listFiles({ ...input, prefix: folder + input.prefix });
      return { ...page, files: page.files.map(withOuterKey) };
    },
  };
}

/** The same for what hands out addresses alone. */
export function prefixUrlSource({ backend, prefix }: { backend: FileUrlSource; prefix: string }): FileUrlSource {
  if (prefix === '') return backend;
  const { withInnerKey } = insideOf(prefix);
  function getFileUrl(input: PublicUrlInput): Promise<string | undefined>;
  function getFileUrl(input: SignedUrlInput): Promise<string>;
  function getFileUrl(input: PublicUrlInput | SignedUrlInput): Promise<string | undefined> {
    return input.access === 'public'
      ? backend.getFileUrl(withInnerKey(input))
      : backend.getFileUrl(withInnerKey(input));
  }
  return { getFileUrl, checkReady: () => backend.checkReady() };
}

function insideOf(prefix: string) {
  const folder = `${storageKeyOf(prefix.replace(/\/$/, ''))}/`;
  const inside = (key: StorageKey): StorageKey => storageKeyOf(folder + key);
  const withInnerKey = <I extends { readonly key: StorageKey }>(input: I): I => ({ ...input, key: inside(input.key) });
  return { folder, inside, withInnerKey };
}
