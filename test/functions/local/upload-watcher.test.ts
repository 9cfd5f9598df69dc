import { afterEach, describe, expect, it } from 'vitest';
import { type UploadWatcher, watchUploads } from '../../../functions/local/upload-watcher.ts';
import { createMetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { temporaryKey } from '../../../shared/storage/object-keys.ts';
import { MemoryRecordStore } from '../../memory/memory-record-store.ts';
import { MemoryStorage } from '../../memory/memory-storage.ts';
import { SETTINGS } from '../../scenarios/world.ts';

const NOW = new Date('2026-11-27T10:00:00Z');
const LATER = '2026-11-27T11:00:00.000Z';
const LIMITS = { organizationBytes: 1000, organizationFiles: 10, pendingUploads: 10, sentUploads: 10 };

function ticket(uploadId: string) {
  const avatar = { entityType: 'users', entityId: 'ada' } as const;
  const sent = { key: temporaryKey(uploadId), method: 'PUT' as const, contentType: 'image/png', contentLength: 3 };
  const times = { createdAt: NOW.toISOString(), urlExpiresAt: LATER, acceptUntil: LATER };
  return {
    upload: { kind: 'avatar' as const, uploadId, ownerId: 'ada', avatar, ...sent, ...times },
    access: { organizationId: 'acme', ownerId: 'ada', mayBind: true },
    limits: LIMITS,
    now: NOW,
  };
}

describe('a server over S3', () => {
  const metadata = createMetadataStore(new MemoryRecordStore());
  const storage = new MemoryStorage();
  const events: string[] = [];
  let watcher: UploadWatcher | undefined;
  afterEach(() => watcher?.stop());

  const send = (uploadId: string) =>
    storage.uploadFile({ key: temporaryKey(uploadId), body: Buffer.from('abc'), contentType: 'image/png' });
  const eventsOf = (uploadId: string) => events.filter((event) => event.includes(uploadId)).length;

  it('sends one event for the bytes of each upload, open at its start or issued by it, and none once it has ended', async () => {
    await metadata.issueUpload(ticket('before'));
    watcher = watchUploads(
      {
        metadata,
        storage,
        settings: SETTINGS,
        clock: () => NOW,
        sleep: () => new Promise((resolve) => setTimeout(resolve, 1)),
        log: { info: () => {}, warn: () => {}, error: () => {} },
      },
      { send: (event) => void events.push(event) },
    );
    for (const id of ['issued', 'aborted']) await watcher.metadata.issueUpload(ticket(id));
    await metadata.abortUpload({ uploadId: 'aborted', now: NOW });
    for (const id of ['before', 'issued']) await send(id);
    await expect.poll(() => [eventsOf('before'), eventsOf('issued')]).toEqual([1, 1]);
    await send('aborted');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([eventsOf('before'), eventsOf('issued'), eventsOf('aborted')]).toEqual([1, 1, 0]);
  });
});
