import { temporaryKey } from '../../../shared/storage/object-keys.ts';
import { workerOf } from '../come-to-rest.ts';
import type { Scenario } from '../scenario.ts';
import { askForAvatar, publishAvatar } from './avatars.ts';

/** An image is published. Two newer ones are sent, the second one by a form that is sent again with other bytes. */
export const reSentForm: Scenario = {
  title: 'two tickets and a form that is sent again',
  async setUp(hands) {
    await publishAvatar(hands, { id: 'one', text: 'png 1' });
    await askForAvatar(hands, { id: 'two', text: 'png two' });
    await askForAvatar(hands, { id: 'three', text: 'png three', method: 'POST' });
    await hands.send('two', 'png two');
    await hands.send('three', 'png three');
    hands.duplicate('three');
    return undefined;
  },
  tasks: [
    workerOf('worker-2', 'two'),
    workerOf('worker-3', 'three'),
    workerOf('worker-3b', 'three'),
    {
      name: 'form',
      role: 'client',
      run: ({ storage }) =>
        storage.uploadFile({ key: temporaryKey('three'), body: Buffer.from('png THREE'), contentType: 'image/png' }),
    },
  ],
  sent: { one: ['png 1'], two: ['png two'], three: ['png three', 'png THREE'] },
  mayEnd: { one: ['ready'], two: ['ready', 'superseded'], three: ['ready', 'rejected upload_changed'] },
};
