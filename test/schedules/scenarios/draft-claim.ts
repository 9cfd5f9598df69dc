import { changeAttachment } from '../../../shared/attachments/change-attachment.ts';
import { deleteAttachment } from '../../../shared/attachments/delete-attachment.ts';
import { createAttachmentUpload } from '../../../shared/uploads/create-attachment-upload.ts';
import { purgeOf, sweepTask } from '../come-to-rest.ts';
import { ADA, type Scenario } from '../scenario.ts';

const FILE = { fileId: 'file', principal: ADA } as const;

/** A draft is ready. */
export const draftClaim: Scenario = {
  title: 'the claim of a draft, its expiry and a delete',
  async setUp(hands) {
    const wish = { filename: 'a.txt', visibility: 'private', draft: true, keepMetadata: false, method: 'PUT' } as const;
    await createAttachmentUpload(hands.as('file'), {
      principal: ADA,
      wish: { ...wish, contentType: 'text/plain', contentLength: 'a draft'.length },
    });
    await hands.send('file', 'a draft');
    await hands.process('file');
    return undefined;
  },
  tasks: [
    {
      name: 'claim',
      role: 'api',
      run: (dependencies) => changeAttachment(dependencies, { ...FILE, changes: { draft: false }, ifMatch: undefined }),
    },
    sweepTask('expiry', ({ attachments }) => attachments.find(({ draft }) => draft)?.workAt),
    { name: 'delete', role: 'api', run: (dependencies) => deleteAttachment(dependencies, FILE) },
    purgeOf('purge', { attachment: 'file' }),
  ],
  sent: { file: ['a draft'] },
  mayEnd: { file: ['ready'] },
  atRest({ attachments }, done) {
    return done.has('delete') ? attachments.map(({ fileId }) => `${fileId} is served after the delete`) : [];
  },
};
