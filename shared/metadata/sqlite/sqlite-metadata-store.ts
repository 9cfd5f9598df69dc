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
import type { ServiceSwitches } from '../records.ts';
import type {
  BeginUploadInput,
  IssueUploadInput,
  LeaseInput,
  RedriveUploadInput,
  RejectUploadInput,
  RenewTicketInput,
} from '../upload-store.ts';
import { findAttachment } from './attachment-rows.ts';
import {
  expireDraft,
  forgetAttachment,
  markAttachmentDeleted,
  publishAttachment,
  updateAttachment,
} from './attachments.ts';
import { advancePurge, bindAgent, markAvatarDeleted } from './avatars.ts';
import { SqliteConnection } from './connection.ts';
import { dueWork } from './due-work.ts';
import { abortUpload, expireUpload, publishAvatar, rejectUpload, supersedeUpload } from './end-upload.ts';
import { issueUpload } from './issue-upload.ts';
import { beginUpload, claimAvatar, redriveUpload, releaseLease, renewTicket } from './leases.ts';
import { listAttachments } from './list-attachments.ts';
import { closeOwner, getSwitches, setLimits, setOrganizationState, setSwitches } from './organizations.ts';
import { avatarOf, findAvatar, findOrganization, findOwner, findUpload, uploadOf } from './rows.ts';
import { lapseLeases, removeExpired } from './upkeep.ts';
import { countUsage, setUsage } from './usage.ts';

/**
 * The port over one SQLite file: each transition is one transaction, on disk before its outcome is returned. Besides
 * the port it has what DynamoDB does by itself (`removeExpired`) and what only the owner of a folder can do at its start.
 */
export class SqliteMetadataStore implements MetadataStore {
  readonly #connection: SqliteConnection;

  /**
   * Opens the file, creating it and its tables if it is absent. `:memory:` is gone when the store is closed.
   * @throws DependencyUnavailableError if the file cannot be opened.
   * @throws InvalidConfigurationError if a newer version of the product wrote it.
   */
  constructor({ path }: { readonly path: string }) {
    this.#connection = new SqliteConnection(path);
  }

  async issueUpload(input: IssueUploadInput) {
    return this.#connection.transaction((db) => issueUpload(db, input));
  }

  async renewTicket(input: RenewTicketInput) {
    return this.#connection.transaction((db) => renewTicket(db, input));
  }

  async beginUpload(input: BeginUploadInput) {
    return this.#connection.transaction((db) => beginUpload(db, input));
  }

  async releaseLease(input: LeaseInput) {
    return this.#connection.transaction((db) => releaseLease(db, input));
  }

  async rejectUpload(input: RejectUploadInput) {
    return this.#connection.transaction((db) => rejectUpload(db, input));
  }

  async claimAvatar(input: LeaseInput) {
    return this.#connection.transaction((db) => claimAvatar(db, input));
  }

  async publishAvatar(input: PublishAvatarInput) {
    return this.#connection.transaction((db) => publishAvatar(db, input));
  }

  async supersedeUpload(input: LeaseInput) {
    return this.#connection.transaction((db) => supersedeUpload(db, input));
  }

  async expireUpload(input: { readonly uploadId: string; readonly now: Date }) {
    return this.#connection.transaction((db) => expireUpload(db, input));
  }

  async abortUpload(input: { readonly uploadId: string; readonly now: Date }) {
    return this.#connection.transaction((db) => abortUpload(db, input));
  }

  async redriveUpload(input: RedriveUploadInput) {
    return this.#connection.transaction((db) => redriveUpload(db, input));
  }

  async markAvatarDeleted(input: MarkAvatarDeletedInput) {
    return this.#connection.transaction((db) => markAvatarDeleted(db, input));
  }

  async advancePurge(input: AdvancePurgeInput) {
    return this.#connection.transaction((db) => advancePurge(db, input));
  }

  async bindAgent(input: BindAgentInput) {
    return this.#connection.transaction((db) => bindAgent(db, input));
  }

  async publishAttachment(input: PublishAttachmentInput) {
    return this.#connection.transaction((db) => publishAttachment(db, input));
  }

  async markAttachmentDeleted(input: MarkAttachmentDeletedInput) {
    return this.#connection.transaction((db) => markAttachmentDeleted(db, input));
  }

  async expireDraft(input: { readonly fileId: string; readonly now: Date }) {
    return this.#connection.transaction((db) => expireDraft(db, input));
  }

  async forgetAttachment(input: { readonly fileId: string }) {
    return this.#connection.transaction((db) => forgetAttachment(db, input));
  }

  async updateAttachment(input: UpdateAttachmentInput) {
    return this.#connection.transaction((db) => updateAttachment(db, input));
  }

  async setLimits(input: SetLimitsInput) {
    return this.#connection.transaction((db) => setLimits(db, input));
  }

  async setOrganizationState(input: SetOrganizationStateInput) {
    return this.#connection.transaction((db) => setOrganizationState(db, input));
  }

  async closeOwner(input: { readonly organizationId: string; readonly ownerId: string }) {
    this.#connection.transaction((db) => closeOwner(db, input));
  }

  async countUsage(input: { readonly organizationId: string }) {
    return this.#connection.read((db) => countUsage(db, input));
  }

  async setUsage(input: SetUsageInput) {
    return this.#connection.transaction((db) => setUsage(db, input));
  }

  async setSwitches(switches: ServiceSwitches) {
    this.#connection.transaction((db) => setSwitches(db, switches));
  }

  async getSwitches() {
    return this.#connection.read(getSwitches);
  }

  async getUpload({ uploadId }: { readonly uploadId: string }) {
    const row = this.#connection.read((db) => findUpload(db, uploadId));
    return row && uploadOf(row);
  }

  async getAvatar(avatar: AvatarRef) {
    const row = this.#connection.read((db) => findAvatar(db, avatar));
    return row && avatarOf(row);
  }

  async getAvatars(avatars: readonly AvatarRef[]) {
    const rows = this.#connection.read((db) => avatars.map((avatar) => findAvatar(db, avatar)));
    return rows.map((row) => row && avatarOf(row));
  }

  async getAttachment({ fileId }: { readonly fileId: string }) {
    return this.#connection.read((db) => findAttachment(db, fileId));
  }

  async getAttachments(fileIds: readonly string[]) {
    return this.#connection.read((db) => fileIds.map((fileId) => findAttachment(db, fileId)));
  }

  async listAttachments(input: ListAttachmentsInput) {
    return this.#connection.read((db) => listAttachments(db, input));
  }

  async getOrganization({ organizationId }: { readonly organizationId: string }) {
    return this.#connection.read((db) => findOrganization(db, organizationId));
  }

  async getOwner({ organizationId, ownerId }: { readonly organizationId: string; readonly ownerId: string }) {
    return this.#connection.read((db) => findOwner(db, organizationId, ownerId));
  }

  async dueWork(input: { readonly now: Date; readonly limit: number; readonly cursor?: string }) {
    return this.#connection.read((db) => dueWork(db, input));
  }

  async checkReady() {
    this.#connection.read(getSwitches);
  }

  /** Takes every lease as lapsed and due at `now`. Only at the start of the process that owns the folder. */
  lapseLeases(input: { readonly now: Date }): number {
    return this.#connection.transaction((db) => lapseLeases(db, input));
  }

  /** Removes what has outlived its retention, and says how many rows that were. */
  removeExpired(input: { readonly now: Date }): number {
    return this.#connection.transaction((db) => removeExpired(db, input));
  }

  /** Gives the file back. Later calls fail as DependencyUnavailableError. */
  close(): void {
    this.#connection.close();
  }
}
