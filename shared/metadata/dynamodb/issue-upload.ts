import { newOrganization } from '../quota.ts';
import { meetsAccess } from '../record-access.ts';
import {
  type AvatarRecord,
  isTerminal,
  type OrganizationRecord,
  type OwnerRecord,
  type UploadForAvatar,
  type UploadRecord,
} from '../records.ts';
import type { IssueUploadInput, IssueUploadOutcome, NewUpload } from '../upload-store.ts';
import type { DynamoDbTable } from './dynamodb-table.ts';
import {
  avatarItem,
  avatarPk,
  findUpload,
  newAvatar,
  organizationPk,
  ownerPk,
  recordOf,
  requestItem,
  requestPk,
  shardOf,
  uploadItem,
  uploadPk,
} from './items.ts';
import { openFor, reservationOf, reserve, userNotErasing } from './quota.ts';
import { IS_ABSENT, type Item, type Write } from './writes.ts';

/** What the ticket would touch, as it was read. */
interface Scene {
  /** Undefined: there is none yet, or it is not for an avatar. */
  readonly avatar: AvatarRecord | undefined;
  /** Absent: as it would begin. */
  readonly organization: OrganizationRecord;
  readonly owner: OwnerRecord | undefined;
  /** The user whose avatar it is, when someone else asks. */
  readonly user: OwnerRecord | undefined;
}

/**
 * MetadataStore.issueUpload: one read of all that decides, then one transaction on the condition that it still holds.
 *
 * An earlier answer is looked for only when something stands in the way, as its own effects do. It is the last thing
 * read, because the same request may be issued at any moment before, and a refusal be nothing but its consequence.
 */
export function issueUpload(table: DynamoDbTable, input: IssueUploadInput): Promise<IssueUploadOutcome> {
  return table.untilSettled(async () => {
    const scene = await readScene(table, input);
    const outcome = (await refusalOf(table, input, scene)) ?? (await issue(table, input, scene));
    return outcome?.outcome === 'issued' ? outcome : ((await earlierAnswer(table, input)) ?? outcome);
  });
}

async function readScene(
  table: DynamoDbTable,
  input: IssueUploadInput,
  organizationId = input.access ? input.access.organizationId : input.organizationId,
): Promise<Scene> {
  const { upload, limits } = input;
  const payers = [organizationPk(organizationId), ownerPk(organizationId, upload.ownerId)];
  const [organization, owner, bound, other] = await table.getMany([...payers, ...avatarKeys(upload, organizationId)]);
  const avatar = bound && recordOf<AvatarRecord>(bound);
  // Once the avatar is bound its organization pays, whoever asks.
  if (avatar !== undefined && avatar.organizationId !== organizationId) {
    return readScene(table, input, avatar.organizationId);
  }
  return {
    avatar,
    organization: organization ? recordOf(organization) : newOrganization(organizationId, limits),
    owner: owner && recordOf(owner),
    user: other && recordOf(other),
  };
}

/** Of the avatar, and of the user whose it is when someone else asks. */
function avatarKeys(upload: NewUpload, organizationId: string): string[] {
  if (upload.kind === 'attachment') return [];
  const { avatar, ownerId } = upload;
  const isOthers = avatar.entityType === 'users' && avatar.entityId !== ownerId;
  return [avatarPk(avatar), ...(isOthers ? [ownerPk(organizationId, avatar.entityId)] : [])];
}

/** The checks in the port's order. */
async function refusalOf(
  table: DynamoDbTable,
  { upload, access, limits }: IssueUploadInput,
  { avatar, organization, owner, user }: Scene,
): Promise<IssueUploadOutcome | undefined> {
  if (access && !meetsAccess(avatar, access)) return { outcome: 'not_allowed' };
  if (organization.state !== 'active') return { outcome: 'organization_closed', state: organization.state };
  if (owner?.state === 'erasing' || user?.state === 'erasing') {
    return { outcome: 'organization_closed', state: 'erasing' };
  }
  const obstacle = upload.kind === 'render' ? await renderObstacle(table, avatar) : undefined;
  if (obstacle !== undefined) return obstacle;

  const openUploads = owner?.openUploads ?? 0;
  if (openUploads >= limits.openUploadsPerOwner) return { outcome: 'too_many_open', openUploads };
  const { bytesFree, filesFree } = organization;
  const fits = upload.kind === 'render' || (upload.contentLength <= bytesFree && filesFree >= 1);
  return fits ? undefined : { outcome: 'quota_exceeded', bytesFree, filesFree };
}

async function renderObstacle(
  table: DynamoDbTable,
  avatar: AvatarRecord | undefined,
): Promise<IssueUploadOutcome | undefined> {
  if (avatar === undefined || avatar.readyGeneration === 0) return { outcome: 'nothing_to_render' };
  const latest = avatar.latestUploadId === undefined ? undefined : await findUpload(table, avatar.latestUploadId);
  if (latest === undefined || isTerminal(latest.status)) return undefined;
  return { outcome: 'upload_in_progress', uploadId: latest.uploadId };
}

/** Undefined: something of the scene has changed, or the request was answered before. Nothing was written then. */
async function issue(
  table: DynamoDbTable,
  { upload, request, limits, now }: IssueUploadInput,
  { avatar, organization, owner }: Scene,
): Promise<IssueUploadOutcome | undefined> {
  const record = recordOfNew(upload, organization.organizationId, (avatar?.generation ?? 0) + 1);
  const { done } = await table.transact({
    upload: { put: uploadItem(record, shardOf(table.random())), condition: IS_ABSENT },
    avatar: record.kind === 'attachment' ? undefined : nextGeneration(avatar, record),
    organization: reserve(organization, reservationOf(record)),
    owner: openFor(record, { known: owner !== undefined, cap: limits.openUploadsPerOwner }),
    user: record.kind === 'attachment' ? undefined : userNotErasing(record),
    request: request && {
      put: requestItem(request, upload.uploadId),
      condition: `${IS_ABSENT} OR #ttl <= :now`,
      values: { now: Math.floor(now.getTime() / 1_000) },
    },
  });
  return done ? { outcome: 'issued', upload: record } : undefined;
}

function nextGeneration(seen: AvatarRecord | undefined, upload: UploadForAvatar): Write {
  const { avatar, generation, organizationId, uploadId } = upload;
  if (seen === undefined) {
    const first = { ...newAvatar(avatar, organizationId), generation, latestUploadId: uploadId };
    return { put: avatarItem(first), condition: IS_ABSENT };
  }
  return {
    pk: avatarPk(avatar),
    // The organization is what the access to it was judged by, and who pays.
    condition: '#generation = :seen AND #organizationId = :organizationId',
    update: 'SET #generation = :generation, #latestUploadId = :uploadId REMOVE #ttl',
    values: { seen: seen.generation, organizationId, generation, uploadId },
  };
}

function recordOfNew(upload: NewUpload, organizationId: string, generation: number): UploadRecord {
  const issued = { organizationId, status: 'pending', attempts: 0 } as const;
  if (upload.kind === 'attachment') return { ...upload, ...issued, workAt: upload.acceptUntil };
  if (upload.kind === 'avatar') return { ...upload, ...issued, generation, workAt: upload.acceptUntil };
  const { firstLookAt, ...asked } = upload;
  return { ...asked, ...issued, generation, workAt: firstLookAt };
}

/** A request that was answered before, by its key or, when the caller repeats the very same call, by its upload. */
async function earlierAnswer(
  table: DynamoDbTable,
  { upload, request, now }: IssueUploadInput,
): Promise<IssueUploadOutcome | undefined> {
  const keys = [uploadPk(upload.uploadId), ...(request === undefined ? [] : [requestPk(request.keyDigest)])];
  const [own, answered] = await table.getMany(keys);
  if (answered !== undefined && !isOver(answered, now)) {
    if (answered.requestDigest !== request?.requestDigest) return { outcome: 'request_differs' };
    const uploadId = String(answered.uploadId);
    return { outcome: 'replayed', uploadId, upload: await findUpload(table, uploadId) };
  }
  return own && { outcome: 'issued', upload: recordOf<UploadRecord>(own) };
}

function isOver({ ttl }: Item, now: Date): boolean {
  return Number(ttl) * 1_000 <= now.getTime();
}
