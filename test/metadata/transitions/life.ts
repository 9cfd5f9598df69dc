import type { TRANSITIONS } from '../../../shared/metadata/metadata-store.ts';
import type { AvatarRecord, Instant } from '../../../shared/metadata/records.ts';
import type { Transition } from '../../../shared/metadata/transitions/transition.ts';
import type { AvatarRef } from '../../../shared/storage/object-keys.ts';
import { MemoryRecordStore } from '../../memory/memory-record-store.ts';
import type { Step, TransitionName } from './random-steps.ts';

export type Life = Awaited<ReturnType<typeof newLife>>;

/** The input of a transition; undefined where there is no record that it could be about. */
export type Maker<Name extends TransitionName> = (life: Life, step: Step) => InputOf<Name> | undefined;
type InputOf<Name extends TransitionName> =
  (typeof TRANSITIONS)[Name] extends Transition<infer Input, unknown> ? Input : never;

/** A store that begins with one avatar that has adopted a tree of files, and a clock and ids for calls on it. */
export async function newLife() {
  const store = new MemoryRecordStore({ pause: async () => {} });
  let clock = Date.UTC(2026, 0, 1);
  let ids = 0;
  /** The instant so many milliseconds from now. */
  const later = (milliseconds: number): Instant => new Date(clock + milliseconds).toISOString();
  await store.commit([
    { key: { kind: 'organization', organizationId: 'acme' }, seen: undefined, next: ORGANIZATION, uses: [] },
    { key: { kind: 'avatar', ...refOf('adopted') }, seen: undefined, next: adoptedAvatar(later(0)), uses: [] },
  ]);
  return {
    store,
    now: (): Date => new Date(clock),
    in: later,
    pass: (milliseconds: number): void => {
      clock += milliseconds;
    },
    newId: (kind: string): string => {
      ids += 1;
      return `${kind}-${ids}`;
    },
  };
}

export function refOf(whose: string): AvatarRef {
  return { entityType: whose === 'bot' ? 'agents' : 'users', entityId: whose };
}

const ORGANIZATION = {
  organizationId: 'acme',
  bytesLimit: 150,
  bytesFree: 150,
  filesLimit: 12,
  filesFree: 11,
  openUploads: 0,
  version: 1,
  state: 'active',
} as const;

function adoptedAvatar(updatedAt: Instant): AvatarRecord {
  return {
    ...refOf('adopted'),
    organizationId: 'acme',
    generation: 1,
    readyGeneration: 1,
    readyUploadId: 'adopted-1',
    deletedGeneration: 0,
    chargedBytes: 0,
    image: {
      folder: '',
      original: { contentType: 'image/png', bytes: 10, width: 640, height: 480 },
      sizes: { small: { webp: 900 } },
      thumbHash: 'aGFzaA==',
      updatedAt,
    },
  };
}
