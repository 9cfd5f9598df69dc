import { deleteAvatar } from '../../../shared/avatars/delete-avatar.ts';
import { supersedePendingUploads } from '../../../shared/uploads/open-uploads.ts';
import { purgeOf, sweepTask, workerOf } from '../come-to-rest.ts';
import { ADA, AVATAR, type Scenario } from '../scenario.ts';
import { askForAvatar, publishAvatar } from './avatars.ts';

/** An image is published and a newer one is sent, and then the avatar is deleted. */
export const deleteAndPurge: Scenario = {
  title: 'a ticket, a delete and both passes of its purge',
  async setUp(hands) {
    await publishAvatar(hands, { id: 'one', text: 'png 1' });
    await askForAvatar(hands, { id: 'two', text: 'png two' });
    await hands.send('two', 'png two');
    return undefined;
  },
  tasks: [
    workerOf('worker-2', 'two'),
    {
      name: 'delete',
      role: 'api',
      async run(dependencies) {
        const request = { avatar: AVATAR, principal: ADA };
        if (await deleteAvatar(dependencies, request)) await supersedePendingUploads(dependencies, request);
      },
    },
    purgeOf('purge', { avatar: AVATAR }),
    sweepTask('second-pass', ({ avatars }) => {
      const retired = avatars.flatMap((avatar) => avatar.retired ?? []);
      return retired.find(({ pass }) => pass === 'second')?.removeAt;
    }),
  ],
  sent: { one: ['png 1'], two: ['png two'] },
  mayEnd: { one: ['ready'], two: ['ready', 'superseded'] },
  atRest({ avatars }, done) {
    const shown = avatars.filter(({ image }) => image !== undefined);
    return done.has('delete') ? shown.map(({ readyUploadId }) => `${readyUploadId} is shown after the delete`) : [];
  },
};
