import type { Dependencies } from '../../shared/dependencies.ts';
import { infoOrUndefined } from '../../shared/storage/storage-backend.ts';
import type { LocalQueue } from './local-queue.ts';
import { openUploads } from './open-uploads.ts';
import { objectCreatedEvent } from './s3-event.ts';

const LOOK_MILLISECONDS = 1000;

/**
 * S3 cannot notify a local server, so this polls once a second for the bytes of each pending upload, and sends the event
 * that S3 would. Once for each upload: what is lost after that, the sweep finds.
 */
export function watchUploads(dependencies: Dependencies, uploads: LocalQueue): { stop(): Promise<void> } {
  const stopped = new AbortController();
  const sent = new Set<string>();
  async function watch(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        await look(dependencies, uploads, sent);
      } catch (error) {
        dependencies.log.error('polling for uploaded bytes failed; it is repeated', { error });
      }
      await dependencies.sleep(LOOK_MILLISECONDS);
    }
  }
  const watching = watch();
  return {
    stop() {
      stopped.abort();
      return watching;
    },
  };
}

async function look(dependencies: Dependencies, uploads: LocalQueue, sent: Set<string>): Promise<void> {
  const { storage, settings, clock } = dependencies;
  const open = new Set<string>();
  for await (const upload of openUploads(dependencies)) {
    open.add(upload.uploadId);
    if (upload.kind === 'render' || upload.status !== 'pending' || sent.has(upload.uploadId)) continue;
    const object = await infoOrUndefined(storage, upload.key);
    if (!object) continue;
    const { name: bucket, keyPrefix } = settings.bucket;
    const { size, eTag } = object;
    uploads.send(JSON.stringify(objectCreatedEvent({ bucket, key: keyPrefix + object.key, size, eTag, at: clock() })));
    sent.add(upload.uploadId);
  }
  for (const uploadId of sent) if (!open.has(uploadId)) sent.delete(uploadId);
}
