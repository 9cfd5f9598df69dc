import { keysOfVersion } from '../../shared/avatars/version-files.ts';
import {
  type AvatarRecord,
  isTerminal,
  type UploadForAvatar,
  type UploadRecord,
} from '../../shared/metadata/records.ts';
import { filesOf } from '../../shared/metadata/transitions/retired-versions.ts';
import type { Expected } from './image-files.ts';
import { faultsAtAnyTime } from './invariants.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * What is wrong once nothing is under way any more and nothing is due.
 * @param done the tasks that came to their end.
 */
export function faultsAtRest(
  snapshot: Snapshot,
  { now, done, ...expected }: Expected & { readonly now: number; readonly done: ReadonlySet<string> },
): string[] {
  return [
    ...faultsAtAnyTime(snapshot, new Date(now), expected),
    ...snapshot.uploads.flatMap((upload) => [...faultsOfEnd(upload, expected)]),
    ...snapshot.avatars.flatMap((avatar) => [...faultsOfWinner(avatar, snapshot)]),
    ...strayObjects(snapshot, expected),
    ...snapshot.openMultipartKeys.map((key) => `parts of ${key} are left`),
    ...snapshot.attachments.filter(({ draft }) => draft).map(({ fileId }) => `the draft ${fileId} is left`),
    ...(expected.scenario.atRest?.(snapshot, done) ?? []),
  ];
}

function* faultsOfEnd(upload: UploadRecord, { scenario }: Expected): Generator<string> {
  const { uploadId, status, code } = upload;
  if (!isTerminal(status)) yield `${uploadId} is left ${status}, its lease until ${upload.leaseUntil}`;
  const end = code === undefined ? status : `${status} ${code}`;
  if (scenario.mayEnd[uploadId]?.includes(end) === false) yield `${uploadId} ended as ${end}`;
}

/** The highest generation that could win has won, and what was superseded was so by something. */
function* faultsOfWinner(avatar: AvatarRecord, { uploads }: Snapshot): Generator<string> {
  const own = uploads.filter((upload): upload is UploadForAvatar => upload.kind !== 'attachment');
  const ready = own.filter(({ status }) => status === 'ready');
  const [winner] = ready
    .filter(({ generation }) => generation > avatar.deletedGeneration)
    .sort((one, other) => other.generation - one.generation);
  if (winner?.uploadId !== avatar.readyUploadId) yield `${avatar.readyUploadId} is published, not ${winner?.uploadId}`;
  for (const upload of own.filter(({ status }) => status === 'superseded')) {
    // A render is superseded by whatever replaced its source, another upload by what is newer.
    const source = upload.kind === 'render' ? own.find(({ uploadId }) => uploadId === upload.source.uploadId) : upload;
    const since = source?.generation ?? upload.generation;
    const isSuperseded = avatar.deletedGeneration > since || ready.some(({ generation }) => generation > since);
    if (!isSuperseded) yield `${upload.uploadId} is superseded by nothing`;
  }
}

function strayObjects({ avatars, attachments, objects }: Snapshot, { plant }: Expected): string[] {
  const published = avatars.flatMap((avatar) =>
    avatar.image ? keysOfVersion(avatar, { ...filesOf(avatar.image), removeAt: '' }) : [],
  );
  const retired = avatars.flatMap((avatar) => avatar.retired ?? []);
  const named = [...published.map((key) => plant?.keyOf?.(key) ?? key), ...attachments.map(({ key }) => key)];
  const stray = [...objects.keys()].filter((key) => !named.includes(key));
  return [
    ...stray.map((key) => `${key} is left without a record`),
    ...retired.map(({ folder }) => `the retired version ${folder} is left`),
  ];
}
