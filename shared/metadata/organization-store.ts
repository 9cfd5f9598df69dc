import type { Share } from './quota.ts';
import type { OrganizationRecord, OrganizationState, OwnerRecord, ServiceSwitches } from './records.ts';

/** The part of the port about organizations, their people and their quota, and the service's own switches. */
export interface OrganizationStore {
  /** Moves limit and free by one difference, so what is held stays held. An absent organization is created. */
  setLimits(input: SetLimitsInput): Promise<OrganizationRecord>;

  /** Pauses, resumes or closes an organization for good. `erasing` never ends: `closed` when it stands already. */
  setOrganizationState(input: SetOrganizationStateInput): Promise<'set' | 'closed'>;

  /** Closes one person of an organization for good: no ticket and no publication any more. */
  closeOwner(input: { readonly organizationId: string; readonly ownerId: string }): Promise<void>;

  /**
   * Counts what the organization's records hold: attachments and drafts, published avatars, open reservations. May miss
   * writes of the last seconds, so whoever corrects the quota by it reads the version first, and waits before counting.
   */
  countUsage(input: { readonly organizationId: string }): Promise<Share>;

  /** Makes the quota hold what was counted, if the organization is still at the version that was seen before. */
  setUsage(input: SetUsageInput): Promise<SetUsageOutcome>;

  setSwitches(switches: ServiceSwitches): Promise<void>;
  /** Never set: uploads are not paused. */
  getSwitches(): Promise<ServiceSwitches>;

  getOrganization(input: { readonly organizationId: string }): Promise<OrganizationRecord | undefined>;
  getOwner(input: { readonly organizationId: string; readonly ownerId: string }): Promise<OwnerRecord | undefined>;
}

export interface SetLimitsInput {
  readonly organizationId: string;
  readonly bytesLimit: number;
  readonly filesLimit: number;
}

export interface SetOrganizationStateInput {
  readonly organizationId: string;
  readonly state: OrganizationState;
  /** What an absent organization starts with. */
  readonly limits: { readonly organizationBytes: number; readonly organizationFiles: number };
}

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
