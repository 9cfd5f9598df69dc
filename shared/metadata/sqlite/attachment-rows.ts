import type { AttachmentRecord, Instant, Visibility } from '../records.ts';
import type { Database, Parameters } from './connection.ts';

/** `details` is JSON: the fields that no statement asks for. */
type AttachmentRow = {
  readonly fileId: string;
  readonly organizationId: string;
  readonly ownerId: string;
  readonly contextId: string | null;
  readonly status: AttachmentRecord['status'];
  readonly draft: 0 | 1;
  readonly visibility: Visibility;
  readonly contentType: string;
  readonly chargedBytes: number;
  readonly createdAt: Instant;
  readonly workAt: Instant | null;
  readonly details: string;
};

export function findAttachment(db: Database, fileId: string): AttachmentRecord | undefined {
  const row = db.get<AttachmentRow>('SELECT * FROM attachments WHERE fileId = :fileId', { fileId });
  return row && attachmentOf(row);
}

/** The attachments that `condition`, the end of a SELECT statement, chooses. */
export function selectAttachments(db: Database, condition: string, parameters: Parameters): AttachmentRecord[] {
  return db.all<AttachmentRow>(`SELECT * FROM attachments ${condition}`, parameters).map(attachmentOf);
}

export function putAttachment(db: Database, record: AttachmentRecord): void {
  const { fileId, organizationId, ownerId, contextId, status, draft, visibility, ...rest } = record;
  const { contentType, chargedBytes, createdAt, workAt, ...details } = rest;
  const row: AttachmentRow = {
    fileId,
    organizationId,
    ownerId,
    contextId: contextId ?? null,
    status,
    draft: draft ? 1 : 0,
    visibility,
    contentType,
    chargedBytes,
    createdAt,
    workAt: workAt ?? null,
    details: JSON.stringify(details),
  };
  db.put('attachments', row);
}

/** The attachment as the port shows it. */
function attachmentOf({ details, contextId, draft, workAt, ...fields }: AttachmentRow): AttachmentRecord {
  return {
    ...(JSON.parse(details) as Omit<AttachmentRecord, keyof AttachmentRow>),
    ...fields,
    draft: draft === 1,
    ...(contextId !== null && { contextId }),
    ...(workAt !== null && { workAt }),
  };
}
