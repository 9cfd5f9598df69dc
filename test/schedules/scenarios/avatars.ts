import { createAvatarUpload } from '../../../shared/uploads/create-upload-ticket.ts';
import { ADA, AVATAR, type SetUp } from '../scenario.ts';

/** Asks for the ticket of an image: `png ...` or `jpeg ...`. */
export async function askForAvatar(
  hands: SetUp,
  { id, text, method = 'PUT' }: { readonly id: string; readonly text: string; readonly method?: 'PUT' | 'POST' },
): Promise<void> {
  const contentType = text.startsWith('jpeg') ? 'image/jpeg' : 'image/png';
  await createAvatarUpload(hands.as(id), {
    avatar: AVATAR,
    principal: ADA,
    wish: { contentType, contentLength: text.length, method },
  });
}

/** Publishes an image. */
export async function publishAvatar(
  hands: SetUp,
  image: { readonly id: string; readonly text: string },
): Promise<void> {
  await askForAvatar(hands, image);
  await hands.send(image.id, image.text);
  await hands.process(image.id);
}
