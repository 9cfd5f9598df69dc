import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openUploads } from '../../../functions/local/open-uploads.ts';
import { createMetadataStore, type MetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { SqliteRecordStore } from '../../../shared/metadata/sqlite/sqlite-record-store.ts';
import { temporaryKey } from '../../../shared/storage/object-keys.ts';

const NOW = new Date('2026-11-25T10:00:00Z');
const LIMITS = { organizationBytes: 1e9, organizationFiles: 1e6, pendingUploads: 1000, sentUploads: 1000 };

describe('the open uploads', () => {
  let records: SqliteRecordStore;
  let metadata: MetadataStore;
  beforeAll(() => {
    records = new SqliteRecordStore({ path: ':memory:' });
    metadata = createMetadataStore(records);
  });
  afterAll(() => records.close());

  async function issue(uploadId: string, acceptUntil: string) {
    const avatar = { entityType: 'agents', entityId: uploadId } as const;
    const ticket = { key: temporaryKey(uploadId), method: 'PUT' as const, contentType: 'image/png', contentLength: 1 };
    const times = { createdAt: NOW.toISOString(), urlExpiresAt: acceptUntil, acceptUntil };
    await metadata.issueUpload({
      upload: { kind: 'avatar', uploadId, ownerId: 'ada', avatar, ...ticket, ...times },
      access: { organizationId: 'acme', mayBind: true },
      limits: LIMITS,
      now: NOW,
    });
  }

  async function found(): Promise<string[]> {
    const ids: string[] = [];
    for await (const upload of openUploads({ metadata })) ids.push(upload.uploadId);
    return ids;
  }

  it('are all of them, over many pages, the one that is due first comes first, and none that has ended', async () => {
    const ids = Array.from({ length: 250 }, (_, index) => `u-${String(index).padStart(3, '0')}`);
    for (const [index, id] of ids.entries()) await issue(id, new Date(NOW.getTime() + index * 1000).toISOString());
    await metadata.abortUpload({ uploadId: 'u-007', now: NOW });
    expect(await found()).toEqual(ids.filter((id) => id !== 'u-007'));
  });
});
