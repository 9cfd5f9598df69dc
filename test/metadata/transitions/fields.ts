import type { AnyRecord, RecordKind } from '../../../shared/metadata/record-store.ts';
import { isTerminal, type UploadRecord } from '../../../shared/metadata/records.ts';
import { ATTACHMENT_INVARIANTS, AVATAR_INVARIANTS, UPLOAD_INVARIANTS } from './invariants.ts';

/** A record as names and values. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields that change after a record was created; the others never do. */
export const MUTABLE: Readonly<Record<RecordKind, readonly string[]>> = {
  upload: [
    ...['status', 'code', 'attempts', 'leases', 'leaseId', 'leaseUntil', 'eTag', 'sentAt', 'failingSince'],
    ...['finishedAt', 'cleanUp', 'workAt', 'expiresAt', 'urlExpiresAt', 'acceptUntil'],
  ],
  avatar: [
    ...['generation', 'latestUploadId', 'readyGeneration', 'readyUploadId', 'deletedGeneration', 'chargedBytes'],
    ...['image', 'retired', 'workAt', 'failingSince', 'expiresAt'],
  ],
  attachment: [
    'status',
    'filename',
    'visibility',
    'metadata',
    'description',
    'draft',
    'revision',
    'workAt',
    'failingSince',
  ],
  organization: ['bytesLimit', 'bytesFree', 'filesLimit', 'filesFree', 'openUploads', 'version', 'state'],
  owner: ['pendingUploads', 'sentUploads', 'state'],
  request: ['requestDigest', 'uploadId', 'expiresAt'],
  switches: ['uploadsPaused', 'reason'],
};

/** Fields whose value follows from that of another one: a condition on the other one covers them. */
export const DETERMINED: Readonly<Partial<Record<RecordKind, Readonly<Record<string, string>>>>> = {
  upload: { eTag: 'leases' },
  avatar: {
    image: 'readyUploadId',
    chargedBytes: 'readyUploadId',
    readyGeneration: 'readyUploadId',
    latestUploadId: 'generation',
    deletedGeneration: 'generation',
  },
  attachment: { filename: 'revision', visibility: 'revision', metadata: 'revision', description: 'revision' },
  request: { requestDigest: 'uploadId' },
  organization: Object.fromEntries(
    ['bytesLimit', 'bytesFree', 'filesLimit', 'filesFree', 'openUploads', 'state'].map((field) => [field, 'version']),
  ),
};

/** Fields that may be absent. */
const OPTIONAL: readonly string[] = [
  ...['code', 'leaseId', 'leaseUntil', 'eTag', 'sentAt', 'failingSince', 'finishedAt', 'cleanUp', 'workAt'],
  ...['expiresAt', 'latestUploadId', 'readyUploadId', 'image', 'retired', 'metadata', 'description', 'reason'],
];

/** What never changes once an upload has ended. */
const FINAL = ['status', 'code', 'finishedAt', 'expiresAt', 'attempts', 'leases', 'leaseId', 'leaseUntil', 'sentAt'];

/** The fields that others may have changed while the ones that are compared stayed as they were. */
export function openFields(kind: RecordKind, record: AnyRecord, compared: readonly string[]): readonly string[] {
  const isFinal = kind === 'upload' && isTerminal((record as UploadRecord).status);
  return MUTABLE[kind].filter((field) => {
    const follows = compared.includes(DETERMINED[kind]?.[field] ?? '');
    return !compared.includes(field) && !follows && !(isFinal && FINAL.includes(field));
  });
}

/** Whether there can be such a record. */
export function isPossible(kind: RecordKind, record: Fields): boolean {
  const seen = { before: undefined, now: new Date(0) };
  const all = { upload: UPLOAD_INVARIANTS, avatar: AVATAR_INVARIANTS, attachment: ATTACHMENT_INVARIANTS };
  const invariants: Readonly<Record<string, (record: never, how: typeof seen) => boolean>> =
    all[kind as keyof typeof all] ?? {};
  const isWhole = MUTABLE[kind].every(
    (field) => OPTIONAL.includes(field) || isAbsentInRender(record, field) || record[field] !== undefined,
  );
  return isWhole && Object.values(invariants).every((holds) => holds(record as never, seen));
}

/** A render has no deadlines for bytes. */
function isAbsentInRender(record: Fields, field: string): boolean {
  return record.kind === 'render' && (field === 'urlExpiresAt' || field === 'acceptUntil');
}

/** The record with another value in one field; undefined removes the field. */
export function withField(record: AnyRecord, field: string, value: unknown): Fields {
  const { [field]: _, ...rest } = record as unknown as Record<string, unknown>;
  return value === undefined ? rest : { ...rest, [field]: value };
}
