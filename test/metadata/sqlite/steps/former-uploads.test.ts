import { describe, expect, it } from 'vitest';
import { type FormerUpload, uploadRecord } from '../../../../shared/metadata/sqlite/steps/former-uploads.ts';

const SENT = {
  uploadId: 'one',
  kind: 'avatar',
  organizationId: 'acme',
  ownerId: 'ada',
  entityType: 'agents',
  entityId: 'bot',
  generation: 3,
  crop: null,
  key: 'temp/uploads/one',
  method: 'PUT',
  contentType: 'image/png',
  contentLength: 10,
  status: 'pending',
  code: null,
  attempts: 0,
  leaseId: null,
  leaseUntil: null,
  createdAt: '2026-11-01T10:00:00.000Z',
  workAt: '2026-11-01T11:00:00.000Z',
  expiresAt: null,
  attachment: null,
} as const satisfies FormerUpload & Record<string, unknown>;
const RENDER = { ...SENT, kind: 'render', key: null, method: null, contentType: null, contentLength: null } as const;

const PUBLISHED = {
  claimedGeneration: 2,
  readyGeneration: 2,
  deletedGeneration: 0,
  image: '{"readyUploadId":"two","original":{"key":"avatars/agents/bot/original.gif"}}',
  ownerId: null,
  purge: null,
  workAt: null,
} as const;

describe('an upload of schema 2', () => {
  it('that is pending had no lease, and waits for its bytes', () => {
    const { entityType, entityId, ...fields } = SENT;
    const { crop, code, leaseId, leaseUntil, expiresAt, attachment, ...present } = fields;
    expect(uploadRecord(SENT, undefined)).toEqual({ ...present, avatar: { entityType, entityId }, leases: 0 });
  });

  it.each([
    ['processing', 2, 2],
    ['processing', 0, 1],
    ['ready', 1, 1],
    ['rejected', 4, 4],
    ['superseded', 0, 1],
    ['expired', 0, 0],
    ['aborted', 0, 0],
  ])(
    'that is %s after %d attempts had %d leases, and its bytes were seen if it had one',
    (status, attempts, leases) => {
      const record = uploadRecord({ ...SENT, status, attempts }, undefined);
      expect(record).toMatchObject({ status, attempts, leases });
      expect(record.sentAt).toBe(leases > 0 ? SENT.createdAt : undefined);
    },
  );

  it('keeps its crop', () => {
    const crop = { x: 0, y: 0.5, size: 0.5 };
    expect(uploadRecord({ ...SENT, crop: JSON.stringify(crop) }, undefined)).toMatchObject({ crop });
  });

  it('for an attachment keeps its description and its multipart plan', () => {
    const described = { filename: 'a.txt', draft: true, multipart: { multipartId: 'm', partSize: 8, partCount: 2 } };
    const row = { ...SENT, entityType: null, entityId: null, generation: null, attachment: JSON.stringify(described) };
    const record = uploadRecord({ ...row, kind: 'attachment' }, undefined);
    expect(record).toMatchObject({ ...described, kind: 'attachment', leases: 0 });
    for (const field of ['avatar', 'generation', 'attachment', 'source']) expect(record).not.toHaveProperty(field);
  });

  it('that renders has its bytes from its start, and the published version as its source', () => {
    const source = { uploadId: 'two', key: 'avatars/agents/bot/original.gif' };
    expect(uploadRecord(RENDER, PUBLISHED)).toMatchObject({ sentAt: SENT.createdAt, leases: 0, source });
  });

  it('that renders has no published source once the avatar is deleted, so it will be superseded', () => {
    const deleted = { ...PUBLISHED, readyGeneration: 0, deletedGeneration: 4, image: null };
    const { source } = uploadRecord(RENDER, deleted) as { readonly source: { readonly uploadId: string } };
    expect(source.uploadId).toBe(RENDER.uploadId);
    expect(uploadRecord(RENDER, undefined)).toHaveProperty('source');
  });
});
