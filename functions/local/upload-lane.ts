import type { Dependencies } from '../../shared/dependencies.ts';
import { uploadMessagesOf } from '../events.ts';
import type { MessageLane } from './local-queue.ts';

/**
 * What a message of the uploads queue is about: its upload, and the organization that sent it. Messages about no upload
 * that is known are of one group, without a name.
 * @throws SyntaxError or TypeError for a message that the service does not send.
 */
export async function laneOfUpload(
  { metadata, settings }: Pick<Dependencies, 'metadata' | 'settings'>,
  body: string,
): Promise<MessageLane> {
  const [first] = uploadMessagesOf({ body }, settings.bucket);
  if (!first || 'ignored' in first) return { group: '', subject: body };
  const upload = await metadata.getUpload(first);
  return { group: upload?.organizationId ?? '', subject: first.uploadId };
}
