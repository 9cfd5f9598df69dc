import type { LinkSecret } from '../../shared/access/link-secret.ts';
import { keepRandomKey } from './hidden-folder.ts';

/**
 * The secret in a file, made on first use. To change it, remove the file and start again: every link ends with it.
 * @throws InvalidConfigurationError for a file that holds anything else.
 */
export async function openLinkSecret(path: string): Promise<LinkSecret> {
  const key = await keepRandomKey(path);
  return async () => ({ signing: key, accepted: [key] });
}
