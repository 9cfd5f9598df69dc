import type {
  AttachmentRecord,
  AvatarRecord,
  OrganizationRecord,
  OwnerRecord,
  UploadRecord,
} from '../../shared/metadata/records.ts';
import type { StorageKey } from '../../shared/storage/object-keys.ts';

/** An object as it is looked at: all of them are text. */
export interface SeenObject {
  readonly eTag: string;
  readonly text: string;
}

/** Everything that is stored at one moment. */
export interface Snapshot {
  readonly uploads: readonly UploadRecord[];
  readonly avatars: readonly AvatarRecord[];
  readonly attachments: readonly AttachmentRecord[];
  readonly organizations: readonly OrganizationRecord[];
  readonly owners: readonly OwnerRecord[];
  readonly objects: ReadonlyMap<StorageKey, SeenObject>;
  /** Of the multipart uploads that go on. */
  readonly openMultipartKeys: readonly StorageKey[];
}

/** When the first piece of work is due. */
export function firstDue({ uploads, avatars, attachments }: Snapshot): number | undefined {
  const [first] = [...uploads, ...avatars, ...attachments].flatMap(({ workAt }) => workAt ?? []).sort();
  return first === undefined ? undefined : Date.parse(first);
}
