import type { UploadRecord } from '../records.ts';
import type { Database } from './connection.ts';
import { type Row, recordOf } from './record-rows.ts';

const OPEN_UPLOADS = `
SELECT record FROM uploads
WHERE organizationId = :organizationId AND ownerId = :ownerId AND status IN ('pending', 'processing')
ORDER BY createdAt, uploadId`;

/** RecordStore.openUploads. Never misses a write. */
export function openUploads(
  db: Database,
  { organizationId, ownerId }: { readonly organizationId: string; readonly ownerId: string },
): UploadRecord[] {
  return db.all<Row>(OPEN_UPLOADS, { organizationId, ownerId }).map(recordOf<UploadRecord>);
}
