import type { Dependencies } from '../../shared/dependencies.ts';
import type { UploadRecord } from '../../shared/metadata/records.ts';

const PAGE = 100;
/** Every open upload is due before that. */
const END_OF_TIME = new Date('9999-12-31T23:59:59.999Z');

/** Every upload that has not ended, the first due at the head, with the time when the sweep would look at it. */
export async function* openUploads({
  metadata,
}: Pick<Dependencies, 'metadata'>): AsyncGenerator<{ readonly upload: UploadRecord; readonly workAt: string }> {
  let cursor: string | undefined;
  do {
    const page = await metadata.dueWork({ now: END_OF_TIME, limit: PAGE, ...(cursor !== undefined && { cursor }) });
    for (const item of page.items) {
      const upload = item.type === 'upload' ? await metadata.getUpload({ uploadId: item.uploadId }) : undefined;
      if (upload) yield { upload, workAt: item.workAt };
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
}
