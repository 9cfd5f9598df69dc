import type { AvatarRef } from '../storage/object-keys.ts';
import type { AvatarAccess } from './record-access.ts';
import type { AvatarImage, AvatarRecord } from './records.ts';
import type { LeaseInput } from './upload-store.ts';

/** The part of the port about avatars: their order, their pictures, their deletes. */
export interface AvatarStore {
  /** Announces that this generation is about to be written. Refused once a newer one is claimed or it is deleted. */
  claimAvatar(input: LeaseInput): Promise<'claimed' | 'superseded' | 'lost_lease'>;

  /**
   * Makes the written objects the avatar's picture and ends the upload as ready. The picture that was replaced is
   * credited to the organization; a render keeps the charge as it is. `superseded` also when the organization, the
   * uploader or the user is being erased: nothing has changed then.
   */
  publishAvatar(input: PublishAvatarInput): Promise<'published' | 'superseded' | 'lost_lease'>;

  /**
   * Deletes the avatar: a tombstone of the next generation, the charge given back, the first purge due now. A ticket
   * that is still open is outrun as well. `absent`: nothing to delete. `not_allowed`: another's avatar.
   */
  markAvatarDeleted(input: MarkAvatarDeletedInput): Promise<MarkAvatarDeletedOutcome>;

  /**
   * After a purge pass over generations <= `deletedGeneration`: first -> second, due in 15 minutes; second -> done.
   * A done user's avatar without a newer picture is forgotten 35 days later; an agent's stays, it is its binding.
   */
  advancePurge(input: AdvancePurgeInput): Promise<'advanced' | 'stale'>;

  /** Binds an agent to an organization; repeating it is `bound`. `conflict`: bound to another one. */
  bindAgent(input: BindAgentInput): Promise<'bound' | 'conflict'>;

  getAvatar(avatar: AvatarRef): Promise<AvatarRecord | undefined>;
  /** At most 100, distinct; in the order asked, undefined where there is none. */
  getAvatars(avatars: readonly AvatarRef[]): Promise<readonly (AvatarRecord | undefined)[]>;
}

export interface PublishAvatarInput extends LeaseInput {
  readonly image: Omit<AvatarImage, 'readyUploadId' | 'updatedAt'>;
}

export interface MarkAvatarDeletedInput {
  readonly avatar: AvatarRef;
  readonly access: AvatarAccess;
  readonly now: Date;
}

export type MarkAvatarDeletedOutcome =
  | { readonly outcome: 'deleted'; readonly deletedGeneration: number }
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'not_allowed' };

export interface AdvancePurgeInput {
  readonly avatar: AvatarRef;
  readonly pass: 'first' | 'second';
  readonly deletedGeneration: number;
  readonly now: Date;
}

export interface BindAgentInput {
  readonly agentId: string;
  readonly organizationId: string;
}
