import { createHash } from 'node:crypto';
import type { Principal } from '../access/principal.ts';
import { instantAfter } from '../metadata/records.ts';
import type { IdempotentRequest } from '../metadata/transitions/issue-upload.ts';
import type { AvatarRef } from '../storage/object-keys.ts';

export interface IdempotencyInput {
  /** The client's Idempotency-Key. */
  readonly key: string;
  readonly principal: Principal;
  /** What the upload is for, in words: one key may be used for different things. */
  readonly target: readonly string[];
  /** Everything that must be equal for a replay, as parsed: its property order comes from the schema. */
  readonly request: unknown;
  /** Bytes that belong to the request. */
  readonly bytes?: Uint8Array;
}

export type RequestDigests = Pick<IdempotentRequest, 'keyDigest' | 'requestDigest'>;

/** How long a key is remembered. */
const REMEMBERED_MILLISECONDS = 24 * 3_600_000;

export function rememberedRequest(digests: RequestDigests, now: Date): IdempotentRequest {
  return { ...digests, expiresAt: instantAfter(now, REMEMBERED_MILLISECONDS) };
}

/**
 * The digests under which a request is remembered. The caller is part of the key, so keys of different people never
 * meet; JSON keeps the parts apart.
 */
export function digestRequest(input: IdempotencyInput): RequestDigests {
  const { key, principal, target, request, bytes } = input;
  const requestDigest = createHash('sha256').update(JSON.stringify(request));
  if (bytes) requestDigest.update('\0').update(bytes);
  return {
    keyDigest: sha256(JSON.stringify([principal.organizationId, principal.sub, ...target, key])),
    requestDigest: requestDigest.digest('hex'),
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function avatarTarget({ entityType, entityId }: AvatarRef): readonly string[] {
  return [entityType, entityId];
}
