import type { AvatarRef } from '../../storage/object-keys.ts';
import { avatarShareOf } from '../quota.ts';
import { type AvatarAccess, meetsAccess } from '../record-access.ts';
import { avatarKey } from '../record-keys.ts';
import { type AvatarRecord, instantAfter, type RetiredVersion } from '../records.ts';
import { RETENTION } from '../retention.ts';
import { credit } from './counters.ts';
import { filesOf, withRetired } from './retired-versions.ts';
import { change, type Transition } from './transition.ts';

export interface MarkAvatarDeletedInput {
  readonly avatar: AvatarRef;
  readonly access: AvatarAccess;
  readonly now: Date;
}

export type MarkAvatarDeletedOutcome =
  /** `isPurgeDue`: files are stored that the delete is to remove. */
  | { readonly outcome: 'deleted'; readonly deletedGeneration: number; readonly isPurgeDue: boolean }
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'not_allowed' };

/**
 * Deletes the avatar: a tombstone of the next generation, the charge released, the published and all replaced files due
 * now and once more 15 minutes later. An upload that is still open is superseded by it. `absent`: nothing to delete.
 * `not_allowed`: another's avatar.
 */
export const markAvatarDeleted: Transition<MarkAvatarDeletedInput, MarkAvatarDeletedOutcome> = {
  reads: ({ avatar }) => ({ avatar: avatarKey(avatar) }),
  decide({ avatar }, { access, now }) {
    if (avatar === undefined) return { outcome: { outcome: 'absent' } };
    if (!meetsAccess(avatar, access)) return { outcome: { outcome: 'not_allowed' } };
    if (avatar.generation === avatar.deletedGeneration) return { outcome: { outcome: 'absent' } };

    const deletedGeneration = avatar.generation + 1;
    const next = deleted(avatar, deletedGeneration, now);
    const isPurgeDue = next.retired !== undefined;
    return {
      outcome: { outcome: 'deleted', deletedGeneration, isPurgeDue },
      writes: {
        avatar: change(avatarKey(avatar), avatar, next, ['generation', 'organizationId', ...FILE_FIELDS]),
        ...(avatar.image && { organization: credit(avatar.organizationId, avatarShareOf(avatar)) }),
      },
    };
  },
};

/** What is stored or deleted of an avatar, and when the sweep looks at it. */
const FILE_FIELDS = ['readyUploadId', 'deletedGeneration', 'retired', 'workAt', 'failingSince', 'expiresAt'] as const;

function deleted(avatar: AvatarRecord, deletedGeneration: number, now: Date): AvatarRecord {
  const { image, readyUploadId, expiresAt, retired = [], ...rest } = avatar;
  const due = { removeAt: now.toISOString(), pass: 'first' } as const;
  const before = retired.map((version) => (version.pass === undefined ? { ...version, ...due } : version));
  const tombstone = { ...rest, generation: deletedGeneration, deletedGeneration, readyGeneration: 0, chargedBytes: 0 };
  return forgettable(withRetired(tombstone, image ? [...before, { ...filesOf(image), ...due }] : before), now);
}

/** A user's deleted avatar expires once nothing is left to remove. An agent's record is its binding, so it stays. */
function forgettable(avatar: AvatarRecord, now: Date): AvatarRecord {
  const isGone = avatar.deletedGeneration > avatar.readyGeneration && !avatar.retired;
  const isForgettable = avatar.entityType === 'users' && isGone;
  return isForgettable ? { ...avatar, expiresAt: instantAfter(now, RETENTION.finished) } : avatar;
}

export interface FinishRemovalsInput {
  readonly avatar: AvatarRef;
  /** The versions whose files were removed, as they were read. */
  readonly removed: readonly RetiredVersion[];
  readonly now: Date;
}

/**
 * After files of retired versions were removed: a replaced version is forgotten, a deleted one has its second pass 15
 * minutes later and is forgotten after that. `stale`: nothing of it was still to do.
 */
export const finishRemovals: Transition<FinishRemovalsInput, 'finished' | 'stale'> = {
  reads: ({ avatar }) => ({ avatar: avatarKey(avatar) }),
  decide({ avatar }, { removed, now }) {
    const done = new Set(removed.map(nameOf));
    if (!avatar?.retired?.some((version) => done.has(nameOf(version)))) return { outcome: 'stale' };
    const removeAt = instantAfter(now, RETENTION.secondPassDelay);
    const left = avatar.retired.flatMap((version) => {
      if (!done.has(nameOf(version))) return [version];
      return version.pass === 'first' ? [{ ...version, pass: 'second' as const, removeAt }] : [];
    });
    const next = forgettable(withRetired(avatar, left), now);
    return {
      outcome: 'finished',
      writes: { avatar: change(avatarKey(avatar), avatar, next, FILE_FIELDS) },
    };
  },
};

function nameOf({ folder, pass, removeAt, original }: RetiredVersion): string {
  return JSON.stringify([folder, pass, removeAt, original]);
}
