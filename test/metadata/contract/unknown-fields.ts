import { expect, it } from 'vitest';
import type { AttachmentRecord, UploadRecord } from '../../../shared/metadata/records.ts';
import { attachmentsOf } from './attachment-world.ts';
import { type Begin, DAY, HOUR, SECOND } from './world.ts';

/** What a newer release wrote; this one runs beside it during a deployment, and after it was rolled back. */
const NEWER: object = { ofANewerRelease: { list: [1, 'two'], flag: true } };

export function describeUnknownFields(begin: Begin): void {
  it('of an upload survive every transition', async () => {
    const w = begin();
    const upload = w.ticket();
    await w.ask({ upload: { ...upload, ...NEWER } });
    const { uploadId } = upload;
    const steps: [UploadRecord['status'], () => Promise<unknown>][] = [
      ['pending', () => w.renew(uploadId)],
      ['pending', () => w.markSent(uploadId)],
      ['processing', async () => w.defer(await w.start(upload))],
      ['processing', async () => w.redrive(uploadId, (await w.upload(uploadId))?.workAt)],
      ['processing', () => w.start(upload)],
      ['processing', () => w.lapse(uploadId)],
      ['rejected', async () => w.reject(await w.start(upload))],
      ['rejected', () => w.finishCleanUp(uploadId, 'first')],
    ];
    for (const [status, step] of steps) {
      w.pass(SECOND);
      await step();
      expect(await w.upload(uploadId)).toMatchObject({ ...NEWER, status });
    }
  });

  it('of an image survive until it is replaced', async () => {
    const w = begin();
    const job = await w.started();
    await w.publish(job, NEWER);
    await w.issue();
    expect(await w.avatar()).toMatchObject({ image: NEWER });
    const [avatar] = await w.store.getAvatars([w.user]);
    expect(avatar).toMatchObject({ image: NEWER });
  });

  it('of an attachment survive every transition, and are in its lists', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const { fileId } = await a.published({ draft: true, file: NEWER });
    const steps: [AttachmentRecord['status'], () => Promise<unknown>][] = [
      ['ready', () => a.update(fileId, { filename: 'renamed.pdf' })],
      ['ready', () => w.postpone({ kind: 'attachment', fileId, workAt: w.in(DAY) })],
      ['ready', () => a.update(fileId, { draft: false })],
      ['deleting', () => a.delete(fileId)],
    ];
    for (const [status, step] of steps) {
      await step();
      expect(await a.find(fileId)).toMatchObject({ ...NEWER, status });
    }
    w.pass(HOUR);
    const listed = await a.published({ file: NEWER });
    await expect.poll(async () => (await a.page()).items).toMatchObject([{ ...NEWER, fileId: listed.fileId }]);
  });
}
