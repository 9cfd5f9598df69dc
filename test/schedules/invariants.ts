import { avatarShareOf, NOTHING, reservationOf } from '../../shared/metadata/quota.ts';
import {
  type AttachmentRecord,
  type AvatarRecord,
  isTerminal,
  type OrganizationRecord,
  type OwnerRecord,
  type UploadRecord,
} from '../../shared/metadata/records.ts';
import { KEPT_REPLACED } from '../../shared/metadata/retention.ts';
import { type Expected, faultsOfImage, keysInGrace, textAt } from './image-files.ts';
import type { Snapshot } from './snapshot.ts';

/** What is wrong in a snapshot that must not be wrong at any time, whatever is under way. */
export function faultsAtAnyTime(snapshot: Snapshot, now: Date, expected: Expected): string[] {
  return [
    ...snapshot.uploads.flatMap((upload) => [...faultsOfUpload(upload)]),
    ...snapshot.avatars.flatMap((avatar) => [...faultsOfAvatar(avatar, { snapshot, now, expected })]),
    ...snapshot.attachments.flatMap((file) => [...faultsOfAttachment(file, snapshot, expected)]),
    ...snapshot.organizations.flatMap((organization) => [...faultsOfOrganization(organization, snapshot)]),
    ...snapshot.owners.flatMap((owner) => [...faultsOfOwner(owner, snapshot)]),
  ];
}

/** The invariants of uploads at the head of records.ts. */
function* faultsOfUpload(upload: UploadRecord): Generator<string> {
  const { uploadId, status, attempts, leases } = upload;
  const ended = isTerminal(status);
  const isDue = upload.workAt !== undefined;
  if (isDue !== (!ended || upload.cleanUp !== undefined)) yield `U1: ${uploadId} is ${status}, due: ${isDue}`;
  const hasEnd = upload.finishedAt !== undefined && upload.expiresAt !== undefined;
  if (hasEnd !== ended) yield `U2: ${uploadId} is ${status}, with an end: ${hasEnd}`;
  if ((upload.code !== undefined) !== (status === 'rejected')) yield `U2: ${uploadId} is ${status} ${upload.code}`;
  if ((upload.leaseUntil ?? '') !== '' && upload.leaseId === undefined) yield `U3: ${uploadId} has a lease of nobody`;
  if (status === 'pending' && upload.leaseId !== undefined) yield `U3: ${uploadId} is pending with a lease`;
  const isSeen = status === 'processing' || upload.kind === 'render';
  if (isSeen && upload.sentAt === undefined) yield `U4: ${uploadId} is ${status} and was not seen`;
  if (attempts < 0 || attempts > leases) yield `U5: ${uploadId} has ${attempts} attempts of ${leases} leases`;
}

/** The invariants of avatars, and whether every file in use is stored and of the right bytes. */
function* faultsOfAvatar(
  avatar: AvatarRecord,
  { snapshot, now, expected }: { readonly snapshot: Snapshot; readonly now: Date; readonly expected: Expected },
): Generator<string> {
  const { generation, readyGeneration, deletedGeneration, image, retired = [], workAt } = avatar;
  const [highest] = [readyGeneration, deletedGeneration].sort((one, other) => other - one);
  if ((highest ?? 0) > generation) yield `A1: generation ${generation} of ready ${readyGeneration}`;
  const isPublished = readyGeneration > 0 && avatar.readyUploadId !== undefined;
  if (isPublished !== (image !== undefined))
    yield `A2: ready ${readyGeneration}, with an image: ${image !== undefined}`;
  if (isPublished && readyGeneration <= deletedGeneration)
    yield 'A2: an image is served after the delete that came last';
  if (!image && avatar.chargedBytes !== 0) yield `A3: ${avatar.chargedBytes} bytes are charged without an image`;
  if (image && retired.some(({ folder }) => folder === image.folder)) yield `A4: ${image.folder} is retired`;
  if ((workAt !== undefined) !== retired.length > 0) yield `A5: due at ${workAt}, ${retired.length} versions retired`;
  const waiting = retired.filter(({ pass, removeAt }) => pass === undefined && removeAt > now.toISOString());
  if (waiting.length > KEPT_REPLACED) yield `A6: ${waiting.length} replaced versions are kept`;
  for (const key of keysInGrace(avatar, now.toISOString())) {
    if (textAt(key, snapshot, expected) === undefined) yield `${key} is in its grace period and not stored`;
  }
  if (image) yield* faultsOfImage(avatar, snapshot, expected);
}

function* faultsOfAttachment(file: AttachmentRecord, snapshot: Snapshot, expected: Expected): Generator<string> {
  const { fileId, status, draft, workAt, key, size } = file;
  const isDue = draft || status === 'deleting';
  if ((workAt !== undefined) !== isDue) yield `F1: ${fileId} is ${status}, a draft: ${draft}, due at ${workAt}`;
  if (status === 'deleting') return;
  const text = textAt(key, snapshot, expected);
  if (text === undefined) yield `${fileId} is served and not stored`;
  else if (!expected.scenario.sent[fileId]?.includes(text)) yield `${fileId} is "${text}", which was not sent for it`;
  if (text?.length !== size) yield `${fileId} has another size than recorded`;
}

function* faultsOfOrganization(organization: OrganizationRecord, snapshot: Snapshot): Generator<string> {
  const { organizationId, bytesLimit, bytesFree, filesLimit, filesFree, openUploads } = organization;
  const isCounted = (record: { readonly organizationId: string }) => record.organizationId === organizationId;
  const open = snapshot.uploads.filter((upload) => isCounted(upload) && !isTerminal(upload.status));
  const shares = [
    ...open.map(reservationOf),
    ...snapshot.avatars.filter(isCounted).map(avatarShareOf),
    ...snapshot.attachments
      .filter(isCounted)
      .map(({ status, chargedBytes: bytes }) => (status === 'ready' ? { bytes, files: 1 } : NOTHING)),
  ];
  const bytes = shares.reduce((sum, share) => sum + share.bytes, 0);
  const files = shares.reduce((sum, share) => sum + share.files, 0);
  if (bytesLimit - bytesFree !== bytes) yield `O1: ${bytesLimit - bytesFree} bytes of quota are held for ${bytes}`;
  if (filesLimit - filesFree !== files) yield `O1: ${filesLimit - filesFree} files of quota are held for ${files}`;
  if (openUploads !== open.length) yield `O2: ${openUploads} open uploads are counted for ${open.length}`;
}

function* faultsOfOwner(owner: OwnerRecord, { uploads }: Snapshot): Generator<string> {
  const open = uploads.filter(({ ownerId, status }) => ownerId === owner.ownerId && !isTerminal(status));
  const sent = open.filter(({ sentAt }) => sentAt !== undefined).length;
  const { pendingUploads, sentUploads } = owner;
  if (sentUploads !== sent) yield `O2: ${sentUploads} sent uploads are counted for ${sent}`;
  if (pendingUploads !== open.length - sent)
    yield `O2: ${pendingUploads} pending uploads are counted for ${open.length - sent}`;
}

/** What no commit may do: change an upload that has ended, or bring back what was deleted. */
export function faultsOfStep(before: Snapshot, after: Snapshot): string[] {
  const uploads = after.uploads.filter((upload) => {
    const was = before.uploads.find(({ uploadId }) => uploadId === upload.uploadId);
    if (!was || !isTerminal(was.status)) return false;
    return was.status !== upload.status || was.code !== upload.code || was.finishedAt !== upload.finishedAt;
  });
  const files = after.attachments.filter((file) => {
    const was = before.attachments.find(({ fileId }) => fileId === file.fileId);
    const isNew =
      was === undefined && before.uploads.some((each) => each.uploadId === file.fileId && isTerminal(each.status));
    return isNew || (was?.status === 'deleting' && file.status === 'ready');
  });
  const avatars = after.avatars.filter((avatar) => {
    const was = before.avatars.find(({ entityId }) => entityId === avatar.entityId);
    if (!was) return false;
    const isBack = avatar.readyGeneration < was.readyGeneration && avatar.readyGeneration !== 0;
    return isBack || avatar.generation < was.generation || avatar.deletedGeneration < was.deletedGeneration;
  });
  return [
    ...uploads.map(({ uploadId, status }) => `U6: ${uploadId} had ended and is ${status} now`),
    ...files.map(({ fileId }) => `${fileId} is back after its delete`),
    ...avatars.map(({ readyGeneration }) => `A1: a generation fell; ${readyGeneration} is published now`),
  ];
}
