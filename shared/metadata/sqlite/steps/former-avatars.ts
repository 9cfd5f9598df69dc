import { type Document, parsed, withoutNulls } from './former-rows.ts';

/** A row of schema 2. What the record does not have is null. */
export interface FormerAvatar {
  readonly claimedGeneration: number;
  readonly readyGeneration: number;
  readonly deletedGeneration: number;
  readonly image: string | null;
  readonly ownerId: string | null;
  readonly purge: 'first' | 'second' | null;
  readonly workAt: string | null;
}

/** The image of schema 2: its files had fixed names and were overwritten by the next version. */
export interface FormerImage extends Document {
  readonly readyUploadId: string;
  readonly original: Document & { readonly key: string };
}

/** The record of an avatar. Its files stay where they are. `lastKnown`: the latest instant that the database has. */
export function avatarRecord(row: FormerAvatar, lastKnown: string): Document {
  const { claimedGeneration, ownerId, purge, image: json, ...fields } = row;
  const image = parsed<FormerImage>(json);
  const due = dueRemoval(row, lastKnown);
  return withoutNulls({
    ...fields,
    ...(image && published(image)),
    ...(due && { retired: unusedFiles(image).map((files) => ({ ...files, ...due })), workAt: due.removeAt }),
  });
}

function published({ readyUploadId, original: { key, ...original }, ...image }: FormerImage): Document {
  return { readyUploadId, image: { folder: '', original, ...image } };
}

/**
 * When files that the image does not use are to be removed: by the purge that was due, or because a worker had begun to
 * write a version that was never published.
 */
function dueRemoval({ purge, workAt, ...generations }: FormerAvatar, lastKnown: string) {
  if (purge && workAt) return { pass: purge, removeAt: workAt };
  const { claimedGeneration, readyGeneration, deletedGeneration } = generations;
  const isUnfinished = claimedGeneration > Math.max(readyGeneration, deletedGeneration);
  return isUnfinished ? { pass: 'second', removeAt: lastKnown } : undefined;
}

/** The extensions that an original could have. */
const EXTENSIONS = ['jpg', 'png', 'webp', 'gif', 'avif'];

/** The files that may be stored besides those of the image, as retired versions: each names one original. */
function unusedFiles(image: FormerImage | undefined): Document[] {
  const unused = EXTENSIONS.filter((extension) => !image?.original.key.endsWith(`/original.${extension}`));
  return unused.map((original, index) => {
    const hasThumbnails = !image && index === 0;
    return { folder: '', original, ...(!hasThumbnails && { thumbnails: [] }) };
  });
}
