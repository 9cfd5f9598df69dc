import type { Dependencies } from '../../shared/dependencies.ts';
import type { MetadataStore } from '../../shared/metadata/metadata-store.ts';
import { type UploadRecord, waitsForBytes } from '../../shared/metadata/records.ts';
import { infoOrUndefined } from '../../shared/storage/storage-backend.ts';
import type { LocalQueue } from './local-queue.ts';
import { openUploads } from './open-uploads.ts';
import { objectCreatedEvent } from './s3-event.ts';

const LOOK_MILLISECONDS = 1000;
/** Records read at once. */
const BATCH = 100;

export interface UploadWatcher {
  /** The store whose tickets are watched from their issue on. */
  readonly metadata: MetadataStore;
  stop(): Promise<void>;
}

type Needs = Pick<Dependencies, 'metadata' | 'storage' | 'settings' | 'clock' | 'sleep' | 'log'>;

/**
 * S3 cannot notify a local server, so this polls once a second for the bytes of each pending upload, and sends the event
 * that S3 would. It knows the uploads that were open at the start, and those that this server issues. Each event is sent
 * once: what is lost after that, the sweep finds.
 */
export function watchUploads(dependencies: Needs, uploads: Pick<LocalQueue, 'send'>): UploadWatcher {
  const { metadata, sleep, log } = dependencies;
  const pending = new Set<string>();
  const note = (upload: UploadRecord | undefined) => {
    if (upload && waitsForBytes(upload)) pending.add(upload.uploadId);
  };
  let isStopped = false;
  async function watch(): Promise<void> {
    let isStarted = false;
    while (!isStopped) {
      try {
        if (!isStarted) for await (const upload of openUploads(dependencies)) note(upload);
        isStarted = true;
        await look(dependencies, uploads, pending);
      } catch (error) {
        log.error('polling for uploaded bytes failed; it is repeated', { error });
      }
      await sleep(LOOK_MILLISECONDS);
    }
  }
  const watching = watch();
  return {
    metadata: {
      ...metadata,
      async issueUpload(input) {
        const issued = await metadata.issueUpload(input);
        if (issued.outcome === 'issued') note(issued.upload);
        return issued;
      },
    },
    stop() {
      isStopped = true;
      return watching;
    },
  };
}

/** Forgets the uploads that no longer wait, and those whose event it has sent. */
async function look(dependencies: Needs, uploads: Pick<LocalQueue, 'send'>, pending: Set<string>): Promise<void> {
  const ids = [...pending];
  for (let at = 0; at < ids.length; at += BATCH) {
    const batch = ids.slice(at, at + BATCH);
    for (const [index, upload] of (await dependencies.metadata.getUploads(batch)).entries()) {
      const isDone = !upload || !waitsForBytes(upload) || (await announceBytes(dependencies, uploads, upload.key));
      if (isDone) pending.delete(batch[index] ?? '');
    }
  }
}

/** Whether there were bytes to announce. */
async function announceBytes(
  { storage, settings, clock }: Needs,
  uploads: Pick<LocalQueue, 'send'>,
  key: Parameters<typeof infoOrUndefined>[1],
): Promise<boolean> {
  const object = await infoOrUndefined(storage, key);
  if (!object) return false;
  const { name: bucket, keyPrefix } = settings.bucket;
  const { size, eTag } = object;
  uploads.send(JSON.stringify(objectCreatedEvent({ bucket, key: keyPrefix + key, size, eTag, at: clock() })));
  return true;
}
