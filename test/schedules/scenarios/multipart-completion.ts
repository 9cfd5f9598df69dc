import { abortUpload } from '../../../shared/uploads/abort-upload.ts';
import { createAttachmentUpload } from '../../../shared/uploads/create-attachment-upload.ts';
import { completeUpload } from '../../../shared/uploads/multipart.ts';
import { findUpload } from '../../../shared/uploads/upload-status.ts';
import { sweepTask, workerOf } from '../come-to-rest.ts';
import { ADA, type Scenario } from '../scenario.ts';

const TEXT = 'a text of more than thirty bytes';
const ASKED = { uploadId: 'file', principal: ADA, action: 'upload.write' } as const;

/** All parts of a multipart upload have arrived. */
export const multipartCompletion: Scenario = {
  title: 'the completion of a multipart upload, its expiry and an abort',
  async setUp(hands) {
    const wish = {
      filename: 'a.txt',
      visibility: 'private',
      draft: false,
      keepMetadata: false,
      method: 'PUT',
    } as const;
    await createAttachmentUpload(hands.as('file'), {
      principal: ADA,
      wish: { ...wish, contentType: 'text/plain', contentLength: TEXT.length },
    });
    return { eTag: await hands.sendPart('file', TEXT) };
  },
  tasks: [
    {
      name: 'complete',
      role: 'api',
      async run(dependencies, { eTag = '' }) {
        const upload = await findUpload(dependencies, ASKED);
        await completeUpload(dependencies, { upload, parts: [{ partNumber: 1, eTag }] });
      },
    },
    sweepTask('expiry', ({ uploads }) => {
      const [upload] = uploads;
      return upload?.status === 'pending' && upload.kind !== 'render' ? upload.acceptUntil : undefined;
    }),
    {
      name: 'abort',
      role: 'api',
      run: async (dependencies) => abortUpload(dependencies, await findUpload(dependencies, ASKED)),
    },
    workerOf('worker', 'file'),
    workerOf('worker-b', 'file'),
  ],
  sent: { file: [TEXT] },
  mayEnd: { file: ['ready', 'aborted', 'expired'] },
  atRest({ uploads: [upload], attachments }) {
    const isReady = upload?.status === 'ready';
    return isReady === attachments.length > 0
      ? []
      : [`${attachments.length} files of an upload that is ${upload?.status}`];
  },
};
