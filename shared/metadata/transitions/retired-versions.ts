import {
  AVATAR_TYPES,
  THUMBNAIL_FORMATS,
  THUMBNAIL_SIZES,
  type ThumbnailFormat,
  type ThumbnailSize,
} from '../../images/formats.ts';
import type { AvatarImage, AvatarRecord, RetiredVersion } from '../records.ts';
import { KEPT_REPLACED } from '../retention.ts';

/** With more replaced versions than are kept, the oldest are due at once. */
export function keepFew(retired: readonly RetiredVersion[], now: Date): RetiredVersion[] {
  const kept = retired.filter((version) => isInGrace(version, now));
  const due = new Set(kept.slice(0, Math.max(0, kept.length - KEPT_REPLACED)));
  return retired.map((version) => (due.has(version) ? { ...version, removeAt: now.toISOString() } : version));
}

function isInGrace({ pass, removeAt }: RetiredVersion, now: Date): boolean {
  return pass === undefined && removeAt > now.toISOString();
}

/** The versions whose files are to be removed by now. */
export function dueVersions(avatar: AvatarRecord | undefined, now: Date): readonly RetiredVersion[] {
  return (avatar?.retired ?? []).filter(({ removeAt }) => removeAt <= now.toISOString());
}

/** The folders whose files must stay: of the published image, and of replaced versions in their grace period. */
export function foldersInUse(avatar: AvatarRecord | undefined, now: Date): ReadonlySet<string> {
  const { image, retired = [] } = avatar ?? {};
  const waiting = retired.filter((version) => isInGrace(version, now));
  return new Set([...(image ? [image] : []), ...waiting].map(({ folder }) => folder));
}

/** The names of an image's files, as they are kept until the files are removed. */
export function filesOf({ folder, original, sizes }: AvatarImage): Omit<RetiredVersion, 'removeAt' | 'pass'> {
  const stored = thumbnailNames((size, format) => sizes[size]?.[format] !== undefined);
  const isComplete = stored.length === thumbnailNames(() => true).length;
  return {
    folder,
    ...(original && { original: AVATAR_TYPES[original.contentType] }),
    ...(!isComplete && { thumbnails: stored }),
  };
}

/** The file names of the thumbnails that are chosen. */
export function thumbnailNames(isChosen: (size: ThumbnailSize, format: ThumbnailFormat) => boolean): string[] {
  const formats = Object.keys(THUMBNAIL_FORMATS) as ThumbnailFormat[];
  return (Object.keys(THUMBNAIL_SIZES) as ThumbnailSize[]).flatMap((size) =>
    formats.filter((format) => isChosen(size, format)).map((format) => `${size}.${format}`),
  );
}

/** The avatar with these retired versions, and due when the first of them is. */
export function withRetired(avatar: AvatarRecord, retired: readonly RetiredVersion[]): AvatarRecord {
  const { retired: before, workAt, failingSince, ...rest } = avatar;
  const [first] = retired.map(({ removeAt }) => removeAt).sort();
  return first === undefined ? rest : { ...rest, retired, workAt: first };
}
