import { abortUpload } from '../../../shared/uploads/abort-upload.ts';
import { renderAvatar } from '../../../shared/uploads/render-avatar.ts';
import { findUpload } from '../../../shared/uploads/upload-status.ts';
import { workerOf } from '../come-to-rest.ts';
import { ADA, AVATAR, type Scenario } from '../scenario.ts';
import { askForAvatar, publishAvatar } from './avatars.ts';

/** An image is published, a newer one of another type is sent, and a third ticket is open. */
export const abortAndCrop: Scenario = {
  title: 'a ticket, a newer ticket that is aborted, and another crop of the published image',
  async setUp(hands) {
    await publishAvatar(hands, { id: 'one', text: 'jpeg 1' });
    await askForAvatar(hands, { id: 'two', text: 'png two' });
    await askForAvatar(hands, { id: 'three', text: 'png three' });
    await hands.send('two', 'png two');
    return undefined;
  },
  tasks: [
    workerOf('worker-2', 'two'),
    {
      name: 'abort',
      role: 'api',
      async run(dependencies) {
        const asked = { uploadId: 'three', principal: ADA, action: 'upload.write' } as const;
        await abortUpload(dependencies, await findUpload(dependencies, asked));
      },
    },
    {
      name: 'crop',
      role: 'api',
      run: (dependencies) =>
        renderAvatar(dependencies, { avatar: AVATAR, principal: ADA, crop: { x: 0, y: 0, size: 0.5 } }),
    },
    workerOf('renderer', 'crop'),
  ],
  sent: { one: ['jpeg 1'], two: ['png two'], three: ['png three'] },
  mayEnd: {
    one: ['ready'],
    two: ['ready', 'superseded'],
    three: ['aborted', 'expired'],
    crop: ['ready', 'superseded'],
  },
};
