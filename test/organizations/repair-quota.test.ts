import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetadataStore, type MetadataStore } from '../../shared/metadata/metadata-store.ts';
import { SqliteRecordStore } from '../../shared/metadata/sqlite/sqlite-record-store.ts';
import { repairQuota } from '../../shared/organizations/repair-quota.ts';

const limits = { organizationId: 'acme', bytesLimit: 1000, filesLimit: 10 };
const acme = { organizationId: 'acme' };

describe('repairing a quota', () => {
  let records: SqliteRecordStore;
  let metadata: MetadataStore;
  beforeEach(async () => {
    records = new SqliteRecordStore({ path: ':memory:' });
    metadata = createMetadataStore(records);
    await metadata.setLimits(limits);
  });
  afterEach(() => records.close());

  const repair = (
    store: Pick<MetadataStore, keyof MetadataStore>,
    whileWaiting: () => Promise<unknown> = async () => {},
  ) => repairQuota({ metadata: store, sleep: async () => void (await whileWaiting()) }, acme);

  it('finds nothing where there is nothing to repair', async () => {
    expect(await repair(metadata)).toEqual({ result: 'right' });
  });

  it('frees what nothing holds', async () => {
    const { version = 0 } = (await metadata.getOrganization(acme)) ?? {};
    await metadata.setUsage({ ...acme, seenVersion: version, bytes: 400, files: 3 });
    expect(await repair(metadata)).toEqual({ result: 'repaired', freed: { bytes: 400, files: 3 } });
    expect(await metadata.getOrganization(acme)).toMatchObject({ bytesFree: 1000, filesFree: 10 });
    expect(await repair(metadata)).toEqual({ result: 'right' });
  });

  it('counts again when something was written meanwhile, and gives up when that does not end', async () => {
    let writes = 0;
    const once = async () => writes++ === 0 && metadata.setLimits(limits);
    expect(await repair(metadata, once)).toEqual({ result: 'right' });
    let counts = 0;
    const always = async () => {
      counts++;
      await metadata.setLimits(limits);
    };
    expect(await repair(metadata, always)).toEqual({ result: 'busy' });
    expect(counts).toBe(5);
  });

  it('knows no organization that never was', async () => {
    const nobody = { organizationId: 'nobody' };
    expect(await repairQuota({ metadata, sleep: async () => {} }, nobody)).toEqual({ result: 'unknown' });
  });
});
