import type { Adjustment, AnyRecord, Change, RecordKey, RecordWrite } from '../record-store.ts';
import type {
  AttachmentRecord,
  AvatarRecord,
  OrganizationRecord,
  OwnerRecord,
  RequestRecord,
  ServiceSwitches,
  UploadRecord,
} from '../records.ts';

/** The records a transition decides on, by the part they play in it; undefined where there is none. */
export interface Records {
  readonly upload?: UploadRecord | undefined;
  /** The newest upload of the avatar. */
  readonly latest?: UploadRecord | undefined;
  readonly avatar?: AvatarRecord | undefined;
  readonly attachment?: AttachmentRecord | undefined;
  readonly request?: RequestRecord | undefined;
  readonly organization?: OrganizationRecord | undefined;
  /** The caller. */
  readonly owner?: OwnerRecord | undefined;
  /** The user whose avatar it is, when that is not the caller. */
  readonly user?: OwnerRecord | undefined;
  readonly switches?: ServiceSwitches | undefined;
}
export type Role = keyof Records;
export type Keys = Partial<Readonly<Record<Role, RecordKey>>>;

/** An outcome that changes nothing, or one that holds once all of its writes are committed. */
export interface Decision<Outcome> {
  readonly outcome: Outcome;
  readonly writes?: Partial<Readonly<Record<Role, RecordWrite>>>;
}

/**
 * One step of the lifecycle, as pure functions over records: the stores have no rule of their own.
 *
 * `reads` names the records to decide on; it is called again with what was read until it names nothing new. After a
 * refused commit the records of all writes are read as well, so `decide` looks at each role that is there, and must
 * accept that one is not.
 */
export interface Transition<Input, Outcome> {
  readonly reads: (input: Input, known: Records) => Keys;
  readonly decide: (records: Records, input: Input) => Decision<Outcome>;
}

/** The record as it was read before, by the same caller: saves a read where it still holds. */
export interface Seen {
  readonly seen?: UploadRecord;
}

export function create(key: RecordKey, next: AnyRecord): Change {
  return { key, seen: undefined, next, uses: [] };
}

/** A field of the record, or of any of the records that it may be. */
export type FieldOf<R> = R extends unknown ? keyof R & string : never;

/**
 * `uses`: every field that the decision looked at, and every field that is written or removed whatever it was; only the
 * fields in which `next` differs from `seen` are written. Left out are fields that never change, or only together with
 * one that is named.
 */
export function change<R extends AnyRecord>(key: RecordKey, seen: R, next: R, uses: readonly FieldOf<R>[]): Change {
  return { key, seen, next, uses };
}

export function remove<R extends AnyRecord>(key: RecordKey, seen: R, uses: readonly FieldOf<R>[]): Change {
  return { key, seen, next: undefined, uses };
}

export function adjust(key: RecordKey, how: Omit<Adjustment, 'key'>): Adjustment {
  return { key, ...how };
}
