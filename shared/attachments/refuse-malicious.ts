import type { Scanner } from '../dependencies.ts';
import { ContentRejectedError, DependencyUnavailableError } from '../errors.ts';

/**
 * Shows the file to the scanner. Skipped or failed is not clean (OWASP ASVS 5, V5.4.3).
 * @throws ContentRejectedError `infected`, `content_disallowed`; DependencyUnavailableError if there is no answer.
 */
export async function refuseMalicious(
  scanner: Scanner,
  file: AsyncIterable<Uint8Array> | readonly Uint8Array[],
): Promise<void> {
  const verdict = await scanner.scan(piecesOf(file));
  if (verdict === 'clean') return;
  if (verdict === 'infected') throw new ContentRejectedError('infected', 'the scanner found malicious content');
  if (verdict === 'disallowed') {
    throw new ContentRejectedError('content_disallowed', 'the scanner refuses this content');
  }
  throw new DependencyUnavailableError('the scanner gave no answer');
}

async function* piecesOf(file: AsyncIterable<Uint8Array> | readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* file;
}
