import { freedBy, newOrganization, type Share } from '../quota.ts';
import { organizationKey, ownerKey, SWITCHES_KEY } from '../record-keys.ts';
import type { OrganizationRecord, OrganizationState, ServiceSwitches } from '../records.ts';
import { adjust, change, create, type Transition } from './transition.ts';

export interface SetLimitsInput {
  readonly organizationId: string;
  readonly bytesLimit: number;
  readonly filesLimit: number;
}

const readOrganization = ({ organizationId }: { readonly organizationId: string }) => ({
  organization: organizationKey(organizationId),
});

/** Moves limit and free by one difference, so what is held stays held. An absent organization is created. */
export const setLimits: Transition<SetLimitsInput, OrganizationRecord> = {
  reads: readOrganization,
  decide({ organization }, { organizationId, bytesLimit, filesLimit }) {
    const limits = { organizationBytes: bytesLimit, organizationFiles: filesLimit };
    const known = organization ?? newOrganization(organizationId, limits);
    const moreBytes = bytesLimit - known.bytesLimit;
    const moreFiles = filesLimit - known.filesLimit;
    return {
      outcome: {
        ...known,
        bytesLimit,
        bytesFree: known.bytesFree + moreBytes,
        filesLimit,
        filesFree: known.filesFree + moreFiles,
        version: known.version + 1,
      },
      writes: {
        organization: adjust(organizationKey(organizationId), {
          set: { bytesLimit, filesLimit },
          add: { bytesFree: moreBytes, filesFree: moreFiles, version: 1 },
          // The outcome is the whole record, so nothing of it may have changed.
          guards: [{ field: 'version', equals: known.version }],
          ...(!organization && { create: known }),
        }),
      },
    };
  },
};

export interface SetOrganizationStateInput {
  readonly organizationId: string;
  readonly state: OrganizationState;
  /** What an absent organization starts with. */
  readonly limits: { readonly organizationBytes: number; readonly organizationFiles: number };
}

/** Pauses, resumes or closes an organization for good. `closed`: it is being erased already, which never ends. */
export const setOrganizationState: Transition<SetOrganizationStateInput, 'set' | 'closed'> = {
  reads: readOrganization,
  decide({ organization }, { organizationId, state, limits }) {
    if (organization?.state === 'erasing') return { outcome: 'closed' };
    return {
      outcome: 'set',
      writes: {
        organization: adjust(organizationKey(organizationId), {
          set: { state },
          add: { version: 1 },
          guards: [{ field: 'state', not: 'erasing' }],
          ...(!organization && { create: newOrganization(organizationId, limits) }),
        }),
      },
    };
  },
};

/** Closes one person of an organization for good: no ticket and no publication any more. */
export const closeOwner: Transition<{ readonly organizationId: string; readonly ownerId: string }, 'closed'> = {
  reads: ({ organizationId, ownerId }) => ({ owner: ownerKey(organizationId, ownerId) }),
  decide({ owner }, { organizationId, ownerId }) {
    const first = { organizationId, ownerId, pendingUploads: 0, sentUploads: 0, state: 'active' } as const;
    const closing = { set: { state: 'erasing' }, ...(!owner && { create: first }) };
    return { outcome: 'closed', writes: { owner: adjust(ownerKey(organizationId, ownerId), closing) } };
  },
};

export interface SetUsageInput extends Share {
  readonly organizationId: string;
  readonly seenVersion: number;
}

export type SetUsageOutcome =
  /** So much more is free than before; less, where it is negative. */
  | { readonly outcome: 'repaired'; readonly freed: Share }
  | { readonly outcome: 'unchanged' }
  /** Something was written meanwhile, or there is no such organization. */
  | { readonly outcome: 'stale' };

/** Makes the quota hold what was counted, if the organization is still at the version that was seen before. */
export const setUsage: Transition<SetUsageInput, SetUsageOutcome> = {
  reads: readOrganization,
  decide({ organization }, { organizationId, seenVersion, bytes, files }) {
    if (organization?.version !== seenVersion) return { outcome: { outcome: 'stale' } };
    const freed = freedBy(organization, { bytes, files });
    if (freed === undefined) return { outcome: { outcome: 'unchanged' } };
    return {
      outcome: { outcome: 'repaired', freed },
      writes: {
        organization: adjust(organizationKey(organizationId), {
          add: { bytesFree: freed.bytes, filesFree: freed.files, version: 1 },
          guards: [{ field: 'version', equals: seenVersion }],
        }),
      },
    };
  },
};

/** Replaces the service's switches. */
export const setSwitches: Transition<ServiceSwitches, 'set'> = {
  reads: () => ({ switches: SWITCHES_KEY }),
  decide: ({ switches }, { uploadsPaused, reason }) => {
    const next: ServiceSwitches = { uploadsPaused, ...(reason !== undefined && { reason }) };
    return {
      outcome: 'set',
      writes: {
        switches: switches
          ? change(SWITCHES_KEY, switches, next, ['uploadsPaused', 'reason'])
          : create(SWITCHES_KEY, next),
      },
    };
  },
};
