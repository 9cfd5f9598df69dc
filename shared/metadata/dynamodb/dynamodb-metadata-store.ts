import { setTimeout } from 'node:timers/promises';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { AvatarRef } from '../../storage/object-keys.ts';
import type {
  ListAttachmentsInput,
  MarkAttachmentDeletedInput,
  PublishAttachmentInput,
  UpdateAttachmentInput,
} from '../attachment-store.ts';
import type { AdvancePurgeInput, BindAgentInput, MarkAvatarDeletedInput, PublishAvatarInput } from '../avatar-store.ts';
import type { MetadataStore } from '../metadata-store.ts';
import type { SetLimitsInput, SetOrganizationStateInput, SetUsageInput } from '../organization-store.ts';
import type { AttachmentRecord, AvatarRecord, OwnerRecord, ServiceSwitches } from '../records.ts';
import type {
  BeginUploadInput,
  IssueUploadInput,
  LeaseInput,
  RedriveUploadInput,
  RejectUploadInput,
  RenewTicketInput,
} from '../upload-store.ts';
import {
  expireDraft,
  forgetAttachment,
  markAttachmentDeleted,
  publishAttachment,
  updateAttachment,
} from './attachments.ts';
import { advancePurge, bindAgent, markAvatarDeleted } from './avatars.ts';
import { dueWork } from './due-work.ts';
import { DynamoDbTable } from './dynamodb-table.ts';
import { abortUpload, expireUpload, publishAvatar, rejectUpload, supersedeUpload } from './end-upload.ts';
import { issueUpload } from './issue-upload.ts';
import {
  attachmentPk,
  avatarPk,
  findAttachment,
  findAvatar,
  findOrganization,
  findUpload,
  ownerPk,
  recordOf,
} from './items.ts';
import { beginUpload, claimAvatar, redriveUpload, releaseLease, renewTicket } from './leases.ts';
import { listAttachments } from './list-attachments.ts';
import { closeOwner, getSwitches, setLimits, setOrganizationState, setSwitches } from './organizations.ts';
import { countUsage, setUsage } from './usage.ts';

export interface DynamoDbMetadataStoreOptions {
  readonly client: DynamoDBClient;
  /** A table of table-schema.ts. */
  readonly tableName: string;
  /** In [0, 1): spreads repetitions over time, and due work over the index. @default Math.random */
  readonly random?: () => number;
  /** @default the timer of the process */
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

/**
 * The port over one DynamoDB table: a transition of one item is one conditional write, one of several items a
 * transaction. Every method throws
 * - DependencyUnavailableError if DynamoDB does not answer, or stays busy over 8 tries (a transition in conflict with others: 30),
 * - StorageDeniedError if it refuses this identity,
 * - InvalidConfigurationError if there is no such table.
 */
export class DynamoDbMetadataStore implements MetadataStore {
  readonly #table: DynamoDbTable;

  constructor({ client, tableName, random = Math.random, sleep = setTimeout }: DynamoDbMetadataStoreOptions) {
    this.#table = new DynamoDbTable({ client, tableName, random, sleep });
  }

  async issueUpload(input: IssueUploadInput) {
    return issueUpload(this.#table, input);
  }

  async renewTicket(input: RenewTicketInput) {
    return renewTicket(this.#table, input);
  }

  async beginUpload(input: BeginUploadInput) {
    return beginUpload(this.#table, input);
  }

  async releaseLease(input: LeaseInput) {
    return releaseLease(this.#table, input);
  }

  async rejectUpload(input: RejectUploadInput) {
    return rejectUpload(this.#table, input);
  }

  async claimAvatar(input: LeaseInput) {
    return claimAvatar(this.#table, input);
  }

  async publishAvatar(input: PublishAvatarInput) {
    return publishAvatar(this.#table, input);
  }

  async supersedeUpload(input: LeaseInput) {
    return supersedeUpload(this.#table, input);
  }

  async expireUpload(input: { readonly uploadId: string; readonly now: Date }) {
    return expireUpload(this.#table, input);
  }

  async abortUpload(input: { readonly uploadId: string; readonly now: Date }) {
    return abortUpload(this.#table, input);
  }

  async redriveUpload(input: RedriveUploadInput) {
    return redriveUpload(this.#table, input);
  }

  async markAvatarDeleted(input: MarkAvatarDeletedInput) {
    return markAvatarDeleted(this.#table, input);
  }

  async advancePurge(input: AdvancePurgeInput) {
    return advancePurge(this.#table, input);
  }

  async bindAgent(input: BindAgentInput) {
    return bindAgent(this.#table, input);
  }

  async publishAttachment(input: PublishAttachmentInput) {
    return publishAttachment(this.#table, input);
  }

  async markAttachmentDeleted(input: MarkAttachmentDeletedInput) {
    return markAttachmentDeleted(this.#table, input);
  }

  async expireDraft(input: { readonly fileId: string; readonly now: Date }) {
    return expireDraft(this.#table, input);
  }

  async forgetAttachment(input: { readonly fileId: string }) {
    return forgetAttachment(this.#table, input);
  }

  async updateAttachment(input: UpdateAttachmentInput) {
    return updateAttachment(this.#table, input);
  }

  async setLimits(input: SetLimitsInput) {
    return setLimits(this.#table, input);
  }

  async setOrganizationState(input: SetOrganizationStateInput) {
    return setOrganizationState(this.#table, input);
  }

  async closeOwner(input: { readonly organizationId: string; readonly ownerId: string }) {
    await closeOwner(this.#table, input);
  }

  async countUsage(input: { readonly organizationId: string }) {
    return countUsage(this.#table, input);
  }

  async setUsage(input: SetUsageInput) {
    return setUsage(this.#table, input);
  }

  async setSwitches(switches: ServiceSwitches) {
    await setSwitches(this.#table, switches);
  }

  async getSwitches() {
    return getSwitches(this.#table);
  }

  async getUpload({ uploadId }: { readonly uploadId: string }) {
    return findUpload(this.#table, uploadId);
  }

  async getAvatar(avatar: AvatarRef) {
    return findAvatar(this.#table, avatar);
  }

  async getAvatars(avatars: readonly AvatarRef[]) {
    const items = await this.#table.getMany(avatars.map(avatarPk));
    return items.map((item) => item && recordOf<AvatarRecord>(item));
  }

  async getAttachment({ fileId }: { readonly fileId: string }) {
    return findAttachment(this.#table, fileId);
  }

  async getAttachments(fileIds: readonly string[]) {
    const items = await this.#table.getMany(fileIds.map(attachmentPk));
    return items.map((item) => item && recordOf<AttachmentRecord>(item));
  }

  async listAttachments(input: ListAttachmentsInput) {
    return listAttachments(this.#table, input);
  }

  async getOrganization({ organizationId }: { readonly organizationId: string }) {
    return findOrganization(this.#table, organizationId);
  }

  async getOwner({ organizationId, ownerId }: { readonly organizationId: string; readonly ownerId: string }) {
    const item = await this.#table.get(ownerPk(organizationId, ownerId));
    return item && recordOf<OwnerRecord>(item);
  }

  async dueWork(input: { readonly now: Date; readonly limit: number; readonly cursor?: string }) {
    return dueWork(this.#table, input);
  }

  async checkReady() {
    // A read of one item, because that is all the right that the public functions have.
    await getSwitches(this.#table);
  }
}
