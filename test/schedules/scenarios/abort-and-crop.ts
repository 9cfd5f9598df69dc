import { abortUpload } from '../../../shared/uploads/abort-upload.ts';
import { renderAvatar } from '../../../shared/uploads/render-avatar.ts';
import { findUpload } from '../../../shared/uploads/upload-status.ts';
import { workerOf } from '../come-to-rest.ts';
import { ADA, AVATAR, type Scenario } from '../scenario.ts';
import { askForAvatar, publishAvatar } from './avatars.ts';

/** A JPEG is published, a newer image is sent, and a third ticket is open. */
const scenarioWith = (second: 'jpeg two' | 'png two'): Scenario => ({
  title: 'a ticket, a newer ticket that is aborted, and another crop of the published image',
  async setUp(hands) {
    await publishAvatar(hands, { id: 'one', text: 'jpeg 1' });
    await askForAvatar(hands, { id: 'two', text: second });
    await askForAvatar(hands, { id: 'three', text: 'png three' });
    await hands.send('two', second);
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
  sent: { one: ['jpeg 1'], two: [second], three: ['png three'] },
  mayEnd: {
    one: ['ready'],
    two: ['ready', 'superseded'],
    three: ['aborted', 'expired'],
    crop: ['ready', 'superseded'],
  },
});

export const abortAndCrop = scenarioWith('png two');
/** The same with a newer image that has the type of the published one. */
export const cropOfSameType = scenarioWith('jpeg two');
