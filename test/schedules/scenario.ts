import type { Principal } from '../../shared/access/principal.ts';
import type { Dependencies } from '../../shared/dependencies.ts';
import type { RecordStore } from '../../shared/metadata/record-store.ts';
import type { Instant } from '../../shared/metadata/records.ts';
import type { AvatarRef } from '../../shared/storage/object-keys.ts';
import type { Message } from './port-call.ts';
import type { Snapshot } from './snapshot.ts';

/** `worker`: processes an upload. `maintenance`: a purge or a sweep. `api`: a request. `client`: writes to the storage. */
export type Role = 'worker' | 'maintenance' | 'api' | 'client';

/** What a set-up found out and tasks need: ETags of parts. */
export type Notes = Readonly<Record<string, string>>;

/** One of the tasks that run side by side. */
export interface Task {
  /** Letters, digits and hyphens; also the first id that it makes, further ones are `{name}-2` and so on. */
  readonly name: string;
  readonly role: Role;
  /** It starts by receiving this message, so it cannot before there is one. */
  readonly receives?: Message;
  /** When it starts, from what is stored: the clock is moved there. Undefined: it cannot start now. @default - any time */
  readonly startsAt?: (snapshot: Snapshot) => Instant | undefined;
  run(dependencies: Dependencies, notes: Notes): Promise<unknown>;
}

/** What a set-up works with, outside of all schedules. */
export interface SetUp {
  /** Dependencies of which the first new id is `name`. */
  as(name: string): Dependencies;
  /** Sends the bytes of an upload as its client does, with the storage's event. */
  send(uploadId: string, text: string): Promise<void>;
  /** Sends the only part of a multipart upload. Resolves with its ETag. */
  sendPart(uploadId: string, text: string): Promise<string>;
  /** Processes the upload's messages. */
  process(uploadId: string): Promise<void>;
  /** The queue will deliver the upload's message once more. */
  duplicate(uploadId: string): void;
}

/** A set of tasks that run side by side, and what must hold at the end of every schedule. */
export interface Scenario {
  readonly title: string;
  readonly tasks: readonly Task[];
  setUp(hands: SetUp): Promise<Notes | undefined>;
  /** The bytes that were, or will be, sent for each upload, as text; by upload id. */
  readonly sent: Readonly<Record<string, readonly string[]>>;
  /** The statuses, with their code if they have one, in which each upload may end: `rejected upload_changed`. */
  readonly mayEnd: Readonly<Record<string, readonly string[]>>;
  /** What is wrong at rest, apart from what holds in every scenario. `done`: the tasks that came to their end. */
  readonly atRest?: (snapshot: Snapshot, done: ReadonlySet<string>) => readonly string[];
}

/** A fault that is planted into the service, to see that it is found. */
export interface Plant {
  readonly title: string;
  /** The service with the fault, for a task of this role. */
  plant(dependencies: Dependencies, of: { readonly role: Role; readonly records: RecordStore }): Dependencies;
  /** Where the file of an avatar is stored with the fault. */
  readonly keyOf?: (key: string) => string;
}

/** The one user of most scenarios. */
export const ADA: Principal = { sub: 'ada', organizationId: 'acme', roles: new Set() };
export const AVATAR: AvatarRef = { entityType: 'users', entityId: 'ada' };
