import { deleteAvatar } from '../../../shared/avatars/delete-avatar.ts';
import { supersedeDeleted } from '../../../shared/uploads/open-uploads.ts';
import { purgeOf, sweepTask, workerOf } from '../come-to-rest.ts';
import { ADA, AVATAR, type Scenario } from '../scenario.ts';
import { askForAvatar, publishAvatar } from './avatars.ts';

/** An image is published and a newer one is sent, whose message is delivered to each worker; then the avatar is deleted. */
const scenarioWith = (title: string, workers: readonly string[]): Scenario => ({
  title,
  async setUp(hands) {
    await publishAvatar(hands, { id: 'one', text: 'png 1' });
    await askForAvatar(hands, { id: 'two', text: 'png two' });
    await hands.send('two', 'png two');
    for (const _ of workers.slice(1)) hands.duplicate('two');
    return undefined;
  },
  tasks: [
    ...workers.map((name) => workerOf(name, 'two')),
    {
      name: 'delete',
      role: 'api',
      async run(dependencies) {
        const request = { avatar: AVATAR, principal: ADA };
        const deletedGeneration = await deleteAvatar(dependencies, request);
        if (deletedGeneration !== undefined) await supersedeDeleted(dependencies, { ...request, deletedGeneration });
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
});

export const deleteAndPurge = scenarioWith('a ticket, a delete and both passes of its purge', ['worker-2']);
export const deleteWithTwoWorkers = scenarioWith('the same with two workers for the ticket', ['worker-2', 'worker-2b']);
