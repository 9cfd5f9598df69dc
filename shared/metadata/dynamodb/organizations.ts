import type { SetLimitsInput, SetOrganizationStateInput } from '../organization-store.ts';
import { newOrganization } from '../quota.ts';
import type { OrganizationRecord, ServiceSwitches } from '../records.ts';
import type { DynamoDbTable } from './dynamodb-table.ts';
import { findOrganization, organizationItem, organizationPk, ownerPk, recordOf, SWITCHES_PK } from './items.ts';
import { IS_ABSENT, type Put, type Update } from './writes.ts';

/** MetadataStore.setLimits. */
export function setLimits(
  table: DynamoDbTable,
  { organizationId, bytesLimit, filesLimit }: SetLimitsInput,
): Promise<OrganizationRecord> {
  return table.untilSettled(async () => {
    const known = await findOrganization(table, organizationId);
    const limits = { organizationBytes: bytesLimit, organizationFiles: filesLimit };
    const written = await table.write(
      known === undefined
        ? create(newOrganization(organizationId, limits))
        : moveLimits(known, { bytesLimit, filesLimit }),
    );
    return written.done ? recordOf<OrganizationRecord>(written.item) : undefined;
  });
}

function moveLimits(
  seen: OrganizationRecord,
  { bytesLimit, filesLimit }: Pick<OrganizationRecord, 'bytesLimit' | 'filesLimit'>,
): Update {
  return {
    pk: organizationPk(seen.organizationId),
    condition: '#bytesLimit = :seenBytes AND #filesLimit = :seenFiles',
    update: `SET #bytesLimit = :bytesLimit, #bytesFree = #bytesFree + :moreBytes,
      #filesLimit = :filesLimit, #filesFree = #filesFree + :moreFiles, #version = #version + :one`,
    values: {
      seenBytes: seen.bytesLimit,
      seenFiles: seen.filesLimit,
      bytesLimit,
      filesLimit,
      moreBytes: bytesLimit - seen.bytesLimit,
      moreFiles: filesLimit - seen.filesLimit,
      one: 1,
    },
  };
}

/** MetadataStore.setOrganizationState. */
export function setOrganizationState(
  table: DynamoDbTable,
  { organizationId, state, limits }: SetOrganizationStateInput,
): Promise<'set' | 'closed'> {
  return table.untilSettled(async () => {
    const known = await findOrganization(table, organizationId);
    if (known?.state === 'erasing') return 'closed';
    const { done } = await table.write(
      known === undefined
        ? create({ ...newOrganization(organizationId, limits), state })
        : {
            pk: organizationPk(organizationId),
            condition: '#state <> :erasing',
            update: 'SET #state = :state, #version = #version + :one',
            values: { erasing: 'erasing', state, one: 1 },
          },
    );
    return done ? 'set' : undefined;
  });
}

function create(organization: OrganizationRecord): Put {
  return { put: organizationItem({ ...organization, version: 1 }), condition: IS_ABSENT };
}

/** MetadataStore.closeOwner. */
export async function closeOwner(
  table: DynamoDbTable,
  { organizationId, ownerId }: { readonly organizationId: string; readonly ownerId: string },
): Promise<void> {
  await table.write({
    pk: ownerPk(organizationId, ownerId),
    update: `SET #organizationId = :organizationId, #ownerId = :ownerId, #state = :erasing,
      #openUploads = if_not_exists(#openUploads, :zero)`,
    values: { organizationId, ownerId, erasing: 'erasing', zero: 0 },
  });
}

/** MetadataStore.setSwitches. */
export async function setSwitches(table: DynamoDbTable, switches: ServiceSwitches): Promise<void> {
  await table.write({ put: { ...switches, pk: SWITCHES_PK } });
}

/** MetadataStore.getSwitches. */
export async function getSwitches(table: DynamoDbTable): Promise<ServiceSwitches> {
  const item = await table.get(SWITCHES_PK);
  return item === undefined ? { uploadsPaused: false } : recordOf<ServiceSwitches>(item);
}
