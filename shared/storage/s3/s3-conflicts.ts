import { setTimeout as sleep } from 'node:timers/promises';
import { isConflict } from './s3-errors.ts';

const MAX_TRIES = 5;

/**
 * Sends again what met another write of the same key (409 ConditionalRequestConflict), after a random pause of at most
 * 50, 100, 200 and 400 ms. S3 leaves this to its callers, and the SDK does not do it. The last failure is thrown.
 * @param isWorthwhile other failures that may pass in the same way. @default - conflicts alone
 */
export async function retryConflicts<T>(send: () => Promise<T>, isWorthwhile = isConflict): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      if (!isWorthwhile(error) || attempt === MAX_TRIES) throw error;
      await sleep(Math.random() * 25 * 2 ** attempt);
    }
  }
}
