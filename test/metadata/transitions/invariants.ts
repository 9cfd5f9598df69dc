import { keepsMetadata } from '../../../shared/metadata/kept-metadata.ts';
import {
  type AttachmentRecord,
  type AvatarRecord,
  isTerminal,
  type OrganizationRecord,
  type OwnerRecord,
  type UploadRecord,
} from '../../../shared/metadata/records.ts';
import { KEPT_REPLACED } from '../../../shared/metadata/retention.ts';
import type { MemoryRecordStore } from '../../memory/memory-record-store.ts';
import { countUsage } from '../../memory/record-searches.ts';

/** Whether a record keeps an invariant. `before`: the record before the step, if there was one. */
export type Invariant<R> = (record: R, seen: { readonly before: R | undefined; readonly now: Date }) => boolean;

/** Of an upload, by the numbers at the head of shared/metadata/records.ts. */
export const UPLOAD_INVARIANTS: Readonly<Record<string, Invariant<UploadRecord>>> = {
  U1: ({ status, cleanUp, workAt, failingSince }) => {
    const isDue = isTerminal(status) ? cleanUp !== undefined : cleanUp === undefined;
    return isDue === (workAt !== undefined) && (failingSince === undefined || workAt !== undefined);
  },
  U2: ({ status, code, finishedAt, expiresAt }) => {
    const isEnded = [finishedAt, expiresAt].every((instant) => (instant !== undefined) === isTerminal(status));
    return isEnded && (code !== undefined) === (status === 'rejected');
  },
  U3: ({ status, leaseId, leaseUntil, eTag }) => {
    const isPaired = (leaseId === undefined) === (leaseUntil === undefined);
    return isPaired && !(status === 'pending' && (leaseId ?? eTag) !== undefined);
  },
  U4: ({ kind, status, leases, sentAt }) => {
    const wasSeen = kind === 'render' || status === 'processing' || status === 'ready' || leases > 0;
    return !wasSeen || sentAt !== undefined;
  },
  U5: ({ status, attempts, leases }) => {
    const hadWorker = status === 'processing' || status === 'ready';
    return attempts >= 0 && attempts <= leases && !(status === 'pending' && leases > 0) && !(hadWorker && leases === 0);
  },
  U6: ({ status, code, finishedAt }, { before }) => {
    if (before === undefined || !isTerminal(before.status)) return true;
    return before.status === status && before.code === code && before.finishedAt === finishedAt;
  },
};

/** Of an avatar. */
export const AVATAR_INVARIANTS: Readonly<Record<string, Invariant<AvatarRecord>>> = {
  A1: ({ generation, readyGeneration, deletedGeneration }, { before }) => {
    const isOrdered = readyGeneration <= generation && deletedGeneration <= generation;
    if (before === undefined) return isOrdered;
    const isReadyKept = readyGeneration === 0 || readyGeneration >= before.readyGeneration;
    return isOrdered && isReadyKept && generation >= before.generation && deletedGeneration >= before.deletedGeneration;
  },
  A2: ({ image, readyUploadId, readyGeneration, deletedGeneration }) => {
    const isReady = readyGeneration > 0;
    const isPaired = isReady === (image !== undefined) && isReady === (readyUploadId !== undefined);
    return isPaired && (!isReady || readyGeneration > deletedGeneration);
  },
  A3: ({ image, chargedBytes }) => image !== undefined || chargedBytes === 0,
  A4: ({ image, retired = [] }) =>
    image === undefined || image.folder === '' || retired.every(({ folder }) => folder !== image.folder),
  A5: ({ retired, workAt, failingSince }) => {
    const isDue = retired !== undefined && retired.length > 0;
    return isDue === (workAt !== undefined) && (failingSince === undefined || isDue);
  },
  A6: ({ retired = [] }, { now }) =>
    retired.filter(({ pass, removeAt }) => pass === undefined && removeAt > now.toISOString()).length <= KEPT_REPLACED,
};

/** Of an attachment. */
export const ATTACHMENT_INVARIANTS: Readonly<Record<string, Invariant<AttachmentRecord>>> = {
  F1: ({ status, draft, workAt, failingSince, visibility, ...file }) => {
    const isDue = draft || status === 'deleting';
    const isFailing = failingSince !== undefined;
    return (
      isDue === (workAt !== undefined) && (isDue || !isFailing) && !(visibility === 'public' && keepsMetadata(file))
    );
  },
};

/** What the organization's quota says is held equals what its records hold. */
export function O1(store: MemoryRecordStore, organization: OrganizationRecord): boolean {
  const { organizationId, bytesLimit, bytesFree, filesLimit, filesFree } = organization;
  const searched = {
    uploads: store.all('upload'),
    avatars: store.all('avatar'),
    attachments: store.all('attachment'),
  };
  const { bytes, files } = countUsage(searched, organizationId);
  return bytesLimit - bytesFree === bytes && filesLimit - filesFree === files;
}

/** The counters of open uploads equal the open uploads: of an organization, or of a person, split by `sentAt`. */
export function O2(store: MemoryRecordStore, { organizationId, ...rest }: OrganizationRecord | OwnerRecord): boolean {
  const open = store
    .all('upload')
    .filter((upload) => upload.organizationId === organizationId && !isTerminal(upload.status));
  if ('openUploads' in rest) return rest.openUploads === open.length;
  const own = open.filter(({ ownerId }) => ownerId === rest.ownerId);
  const sent = own.filter(({ sentAt }) => sentAt !== undefined).length;
  return rest.sentUploads === sent && rest.pendingUploads === own.length - sent;
}

/** Every invariant that a step broke, each with the record that breaks it. */
export function brokenInvariants(before: MemoryRecordStore, after: MemoryRecordStore, now: Date): string[] {
  const broken = [
    ...brokenIn(UPLOAD_INVARIANTS, changedIn(before, after, 'upload'), now),
    ...brokenIn(AVATAR_INVARIANTS, changedIn(before, after, 'avatar'), now),
    ...brokenIn(ATTACHMENT_INVARIANTS, changedIn(before, after, 'attachment'), now),
  ];
  for (const organization of after.all('organization')) {
    if (!O1(after, organization)) broken.push(`O1 ${organization.organizationId}`);
    if (!O2(after, organization)) broken.push(`O2 ${organization.organizationId}`);
  }
  for (const owner of after.all('owner')) {
    if (!O2(after, owner)) broken.push(`O2 ${owner.organizationId} ${owner.ownerId}`);
  }
  return broken;
}

interface Changed<R> {
  readonly before: R | undefined;
  readonly record: R;
}

/** Records are frozen, so one that is the same object is unchanged. */
function changedIn<Kind extends 'upload' | 'avatar' | 'attachment'>(
  before: MemoryRecordStore,
  after: MemoryRecordStore,
  kind: Kind,
) {
  const keyed = new Map(before.entries(kind));
  return after
    .entries(kind)
    .map(([id, record]) => ({ before: keyed.get(id), record }))
    .filter((each) => each.before !== each.record);
}

function brokenIn<R extends object>(
  invariants: Readonly<Record<string, Invariant<R>>>,
  changed: readonly Changed<R>[],
  now: Date,
): string[] {
  return changed.flatMap(({ before, record }) =>
    Object.entries(invariants)
      .filter(([, holds]) => !holds(record, { before, now }))
      .map(([number]) => `${number} ${JSON.stringify(record)}`),
  );
}
