import {
  type AttachmentRecord,
  type AvatarRecord,
  isTerminal,
  type OrganizationRecord,
  type OwnerRecord,
} from '../../shared/metadata/records.ts';
import { countUsage } from '../memory/record-searches.ts';
import {
  ATTACHMENT_INVARIANTS,
  AVATAR_INVARIANTS,
  type Invariant,
  UPLOAD_INVARIANTS,
} from '../metadata/transitions/invariants.ts';
import { type Expected, faultsOfImage, keysInGrace, textAt } from './image-files.ts';
import type { Snapshot } from './snapshot.ts';

/** What is wrong in a snapshot that must not be wrong at any time, whatever is under way. */
export function faultsAtAnyTime(snapshot: Snapshot, now: Date, expected: Expected): string[] {
  const { uploads, avatars, attachments, organizations, owners } = snapshot;
  return [
    ...uploads.flatMap((upload) =>
      broken(UPLOAD_INVARIANTS, upload, now).map((name) => `${name} of ${upload.uploadId}`),
    ),
    ...avatars.flatMap((avatar) =>
      broken(AVATAR_INVARIANTS, avatar, now).map((name) => `${name} of ${avatar.entityId}`),
    ),
    ...attachments.flatMap((file) =>
      broken(ATTACHMENT_INVARIANTS, file, now).map((name) => `${name} of ${file.fileId}`),
    ),
    ...avatars.flatMap((avatar) => [...faultsOfFiles(avatar, { snapshot, now, expected })]),
    ...attachments.flatMap((file) => [...faultsOfAttachment(file, snapshot, expected)]),
    ...organizations.flatMap((organization) => [...faultsOfOrganization(organization, snapshot)]),
    ...owners.flatMap((owner) => [...faultsOfOwner(owner, snapshot)]),
  ];
}

/** The names of the invariants that the record does not keep. */
function broken<R>(invariants: Readonly<Record<string, Invariant<R>>>, record: R, now: Date): string[] {
  const all = Object.entries(invariants);
  return all.flatMap(([name, holds]) => (holds(record, { before: undefined, now }) ? [] : [name]));
}

/** Whether every file that is in use is stored and made of the right bytes. */
function* faultsOfFiles(
  avatar: AvatarRecord,
  { snapshot, now, expected }: { readonly snapshot: Snapshot; readonly now: Date; readonly expected: Expected },
): Generator<string> {
  for (const key of keysInGrace(avatar, now.toISOString())) {
    if (textAt(key, snapshot, expected) === undefined) yield `${key} is in its grace period and not stored`;
  }
  if (avatar.image) yield* faultsOfImage(avatar, snapshot, expected);
}

function* faultsOfAttachment(file: AttachmentRecord, snapshot: Snapshot, expected: Expected): Generator<string> {
  const { fileId, status, key, size } = file;
  if (status === 'deleting') return;
  const text = textAt(key, snapshot, expected);
  if (text === undefined) yield `${fileId} is served and not stored`;
  else if (!expected.scenario.sent[fileId]?.includes(text)) yield `${fileId} is "${text}", which was not sent for it`;
  if (text?.length !== size) yield `${fileId} has another size than recorded`;
}

/** O1 and the organization's part of O2. */
function* faultsOfOrganization(organization: OrganizationRecord, snapshot: Snapshot): Generator<string> {
  const { organizationId, bytesLimit, bytesFree, filesLimit, filesFree, openUploads } = organization;
  const held = countUsage(snapshot, organizationId);
  const [bytes, files] = [bytesLimit - bytesFree, filesLimit - filesFree];
  if (bytes !== held.bytes) yield `O1: ${bytes} bytes of quota are held for ${held.bytes}`;
  if (files !== held.files) yield `O1: ${files} files of quota are held for ${held.files}`;
  const open = snapshot.uploads.filter((each) => each.organizationId === organizationId && !isTerminal(each.status));
  if (openUploads !== open.length) yield `O2: ${openUploads} open uploads are counted for ${open.length}`;
}

/** The owner's part of O2. */
function* faultsOfOwner(
  { ownerId, pendingUploads, sentUploads }: OwnerRecord,
  { uploads }: Snapshot,
): Generator<string> {
  const open = uploads.filter((upload) => upload.ownerId === ownerId && !isTerminal(upload.status));
  const sent = open.filter(({ sentAt }) => sentAt !== undefined).length;
  const pending = open.length - sent;
  if (sentUploads !== sent) yield `O2: ${sentUploads} sent uploads are counted for ${sent}`;
  if (pendingUploads !== pending) yield `O2: ${pendingUploads} pending uploads are counted for ${pending}`;
}

/** What no commit may do: change an upload that has ended, lower a generation, or bring back what was deleted. */
export function faultsOfStep(before: Snapshot, after: Snapshot): string[] {
  const changed = after.uploads.filter((upload) => {
    const was = before.uploads.find(({ uploadId }) => uploadId === upload.uploadId);
    return !keeps(UPLOAD_INVARIANTS.U6, upload, was);
  });
  const lowered = after.avatars.filter((avatar) => {
    const was = before.avatars.find(({ entityId }) => entityId === avatar.entityId);
    return !keeps(AVATAR_INVARIANTS.A1, avatar, was);
  });
  return [
    ...changed.map(({ uploadId, status }) => `U6: ${uploadId} had ended and is ${status} now`),
    ...lowered.map(({ readyGeneration }) => `A1: a generation fell; ${readyGeneration} is published now`),
    ...after.attachments
      .filter((file) => isBack(file, before))
      .map(({ fileId }) => `${fileId} is back after its delete`),
  ];
}

/** For an invariant that does not look at the time. */
function keeps<R>(invariant: Invariant<R> | undefined, record: R, before: R | undefined): boolean {
  return invariant?.(record, { before, now: new Date(0) }) ?? false;
}

function isBack({ fileId, status }: AttachmentRecord, { attachments, uploads }: Snapshot): boolean {
  const was = attachments.find((file) => file.fileId === fileId);
  if (was) return was.status === 'deleting' && status === 'ready';
  return uploads.some((upload) => upload.uploadId === fileId && isTerminal(upload.status));
}
