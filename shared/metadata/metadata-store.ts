import type { AvatarRef } from '../storage/object-keys.ts';
import { attachmentKey, avatarKey, organizationKey, ownerKey, SWITCHES_KEY, uploadKey } from './record-keys.ts';
import type { RecordKey, RecordOfKind, RecordStore } from './record-store.ts';
import type {
  AttachmentRecord,
  AvatarRecord,
  OrganizationRecord,
  OwnerRecord,
  ServiceSwitches,
  UploadRecord,
} from './records.ts';
import {
  expireDraft,
  forgetAttachment,
  markAttachmentDeleted,
  publishAttachment,
  updateAttachment,
} from './transitions/attachments.ts';
import { bindAgent } from './transitions/bind-agent.ts';
import { deferUpload } from './transitions/defer-upload.ts';
import { finishRemovals, markAvatarDeleted } from './transitions/delete-avatar.ts';
import {
  abortUpload,
  expireUpload,
  finishCleanUp,
  rejectUpload,
  supersedePending,
  supersedeUpload,
} from './transitions/end-upload.ts';
import { issueUpload } from './transitions/issue-upload.ts';
import { beginUpload, lapseLease } from './transitions/leases.ts';
import { closeOwner, setLimits, setOrganizationState, setSwitches, setUsage } from './transitions/organizations.ts';
import { postponeWork } from './transitions/postpone-work.ts';
import { publishAvatar } from './transitions/publish-avatar.ts';
import { redriveUpload } from './transitions/redrive-upload.ts';
import { runTransition } from './transitions/run-transition.ts';
import { markSent, renewTicket } from './transitions/tickets.ts';
import type { Transition } from './transitions/transition.ts';

/** Every step of the lifecycle of uploads, avatars, attachments and quotas. */
export const TRANSITIONS = {
  issueUpload,
  renewTicket,
  markSent,
  beginUpload,
  deferUpload,
  redriveUpload,
  lapseLease,
  publishAvatar,
  publishAttachment,
  rejectUpload,
  supersedeUpload,
  supersedePending,
  expireUpload,
  abortUpload,
  finishCleanUp,
  markAvatarDeleted,
  finishRemovals,
  bindAgent,
  markAttachmentDeleted,
  expireDraft,
  forgetAttachment,
  updateAttachment,
  setLimits,
  setOrganizationState,
  closeOwner,
  setUsage,
  setSwitches,
  postponeWork,
} as const;

type Steps = {
  readonly [Name in keyof typeof TRANSITIONS]: (typeof TRANSITIONS)[Name] extends Transition<infer Input, infer Outcome>
    ? (input: Input) => Promise<Outcome>
    : never;
};

interface Reads {
  getUpload(input: { readonly uploadId: string }): Promise<UploadRecord | undefined>;
  /** At most 100, distinct; in the order asked, undefined where there is none. */
  getUploads(uploadIds: readonly string[]): Promise<readonly (UploadRecord | undefined)[]>;
  getAvatar(avatar: AvatarRef): Promise<AvatarRecord | undefined>;
  /** As getUploads. */
  getAvatars(avatars: readonly AvatarRef[]): Promise<readonly (AvatarRecord | undefined)[]>;
  /** Also a draft, and a deleted one whose objects may still be stored: the caller looks at `draft` and `status`. */
  getAttachment(input: { readonly fileId: string }): Promise<AttachmentRecord | undefined>;
  /** As getUploads; drafts and deleted ones as above. */
  getAttachments(fileIds: readonly string[]): Promise<readonly (AttachmentRecord | undefined)[]>;
  getOrganization(input: { readonly organizationId: string }): Promise<OrganizationRecord | undefined>;
  getOwner(input: { readonly organizationId: string; readonly ownerId: string }): Promise<OwnerRecord | undefined>;
  /** Never set: uploads are not paused. */
  getSwitches(): Promise<ServiceSwitches>;
}

type Searches = Pick<
  RecordStore,
  'dueShards' | 'dueWork' | 'openUploads' | 'listAttachments' | 'countUsage' | 'checkReady'
>;

/**
 * The named transitions, reads and searches. Each transition is atomic: all of its effects or none. An outcome is a
 * value; an exception means that the store failed, and that the transition may or may not have happened: every
 * transition can be repeated, and repeating it never releases or reserves twice.
 *
 * The suite in test/contracts/metadata-store.contract.ts holds every condition from both sides, on every store.
 */
export type MetadataStore = Steps & Reads & Searches;

/** The lifecycle over a store of records. */
export function createMetadataStore(store: RecordStore): MetadataStore {
  const steps = Object.entries(TRANSITIONS).map(([name, transition]) => [
    name,
    (input: never) => runTransition(store, transition as Transition<unknown, unknown>, input),
  ]);
  return {
    ...(Object.fromEntries(steps) as Steps),
    ...readsOf(store),
    dueShards: (input) => store.dueShards(input),
    dueWork: (input) => store.dueWork(input),
    openUploads: (input) => store.openUploads(input),
    listAttachments: (input) => store.listAttachments(input),
    countUsage: (input) => store.countUsage(input),
    checkReady: () => store.checkReady(),
  };
}

function readsOf(store: RecordStore): Reads {
  const readAll = async <K extends RecordKey['kind']>(_: K, keys: readonly RecordKey[]) =>
    (keys.length > 0 ? await store.read(keys) : []) as (RecordOfKind[K] | undefined)[];
  const readOne = async <K extends RecordKey['kind']>(kind: K, key: RecordKey) => (await readAll(kind, [key]))[0];
  return {
    getUpload: ({ uploadId }) => readOne('upload', uploadKey(uploadId)),
    getUploads: (uploadIds) => readAll('upload', uploadIds.map(uploadKey)),
    getAvatar: (avatar) => readOne('avatar', avatarKey(avatar)),
    getAvatars: (avatars) => readAll('avatar', avatars.map(avatarKey)),
    getAttachment: ({ fileId }) => readOne('attachment', attachmentKey(fileId)),
    getAttachments: (fileIds) => readAll('attachment', fileIds.map(attachmentKey)),
    getOrganization: ({ organizationId }) => readOne('organization', organizationKey(organizationId)),
    getOwner: ({ organizationId, ownerId }) => readOne('owner', ownerKey(organizationId, ownerId)),
    getSwitches: async () => (await readOne('switches', SWITCHES_KEY)) ?? { uploadsPaused: false },
  };
}
