import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { createMetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { SqliteRecordStore } from '../../../shared/metadata/sqlite/sqlite-record-store.ts';
import { temporaryKey } from '../../../shared/storage/object-keys.ts';

/** Run as a process with a database path: issues tickets and prints the id of each once it is issued, until killed. */
const store = createMetadataStore(new SqliteRecordStore({ path: process.argv[2] ?? '' }));
const organizationId = randomUUID();
const limits = { organizationBytes: 1e9, organizationFiles: 1e6, pendingUploads: 1e6, sentUploads: 1e6 };

for (;;) {
  const uploadId = randomUUID();
  const now = new Date();
  const at = now.toISOString();
  const { outcome } = await store.issueUpload({
    upload: {
      kind: 'avatar',
      uploadId,
      ownerId: 'ada',
      avatar: { entityType: 'users', entityId: 'ada' },
      key: temporaryKey(uploadId),
      method: 'PUT',
      contentType: 'image/png',
      contentLength: 10,
      createdAt: at,
      urlExpiresAt: at,
      acceptUntil: at,
    },
    access: { organizationId, ownerId: 'ada', mayBind: true },
    limits,
    now,
  });
  // Synchronous: nothing printed waits in this process when it dies.
  if (outcome === 'issued') writeSync(1, `${uploadId}\n`);
}
