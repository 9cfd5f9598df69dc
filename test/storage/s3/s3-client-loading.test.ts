import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');

/** Tells after each step whether any file of the S3 client has been loaded into its process. */
const PROGRAM = `
import { registerHooks } from 'node:module';
let isLoaded = false;
registerHooks({
  load(url, context, next) {
    isLoaded ||= url.includes('/@aws-sdk/client-s3/');
    return next(url, context);
  },
});
const { s3Options } = await import('./test/storage/s3/faulty-s3.ts');
const { S3StorageBackend } = await import('./shared/storage/s3/s3-storage-backend.ts');
const backend = new S3StorageBackend(s3Options({ endpoint: 'http://127.0.0.1:9' }));
const signedAt = new Date();
const expiresAt = new Date(Date.now() + 60_000);
const steps = {
  PUT: () => backend.createUploadTicket({ method: 'PUT', key: 'a', contentType: 'a/b', contentLength: 1, expiresAt }),
  part: () => backend.signPart({ key: 'a', multipartId: 'b', partNumber: 1, contentLength: 1, expiresAt }),
  address: () => backend.getFileUrl({ access: 'signed', key: 'a', signedAt, expiresAt }),
  ready: () => backend.checkReady().catch(() => undefined),
  object: () => backend.listFiles({ prefix: '', cursor: 'none' }).catch(() => undefined),
};
const seen = {};
for (const [name, step] of Object.entries(steps)) {
  await step();
  seen[name] = isLoaded;
}
console.log(JSON.stringify(seen));
`;

describe('the S3 client', () => {
  it('is not loaded by what hands out PUT tickets and addresses, of parts too, but by the first object', async () => {
    const args = ['--input-type=module', '--eval', PROGRAM];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    expect(JSON.parse(stdout)).toEqual({ PUT: false, part: false, address: false, ready: false, object: true });
  });
});
