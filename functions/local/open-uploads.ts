import type { Dependencies } from '../../shared/dependencies.ts';
import { isTerminal, type UploadRecord } from '../../shared/metadata/records.ts';

const PAGE = 100;
/** Every open upload is due before that. */
const END_OF_TIME = new Date('9999-12-31T23:59:59.999Z');

/** Every upload that has not ended; in each shard, the one that is due first comes first. */
export async function* openUploads({ metadata }: Pick<Dependencies, 'metadata'>): AsyncGenerator<UploadRecord> {
  for (const shard of await metadata.dueShards({ now: END_OF_TIME })) {
    let cursor: string | undefined;
    do {
      const page = await metadata.dueWork({ shard, now: END_OF_TIME, limit: PAGE, ...(cursor && { cursor }) });
      const ids = page.items.flatMap((item) => (item.kind === 'upload' ? [item.uploadId] : []));
      for (const upload of await metadata.getUploads(ids)) if (upload && !isTerminal(upload.status)) yield upload;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
}
