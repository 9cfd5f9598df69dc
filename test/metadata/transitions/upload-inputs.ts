import type { AvatarAccess } from '../../../shared/metadata/record-access.ts';
import { isTerminal, type UploadRecord } from '../../../shared/metadata/records.ts';
import type { IssueUploadInput } from '../../../shared/metadata/transitions/issue-upload.ts';
import { storageKeyOf, temporaryKey } from '../../../shared/storage/object-keys.ts';
import { type Life, type Maker, refOf } from './life.ts';
import { DAY, HOUR, MINUTE, pick, type Step, type TransitionName } from './random-steps.ts';

export const LIMITS = { organizationBytes: 150, organizationFiles: 12, pendingUploads: 3, sentUploads: 3 };

/** Of files that may be public, of some that may not, and of one for which that depends. */
const TYPES = ['application/pdf', 'image/jpeg', 'video/mp4'];

type UploadAction = Extract<
  TransitionName,
  | 'renewTicket'
  | 'markSent'
  | 'beginUpload'
  | 'deferUpload'
  | 'redriveUpload'
  | 'lapseLease'
  | 'publishAvatar'
  | 'publishAttachment'
  | 'rejectUpload'
  | 'supersedeUpload'
  | 'supersedePending'
  | 'expireUpload'
  | 'abortUpload'
  | 'finishCleanUp'
>;
type UploadInputs = { readonly [Name in UploadAction]: Maker<Name> } & {
  readonly [Name in 'issueAvatar' | 'issueRender' | 'issueAttachment']: Maker<'issueUpload'>;
};

/** From a step to the input of a transition on an upload. */
export const UPLOAD_INPUTS: UploadInputs = {
  issueAvatar: (life, step) => ({
    ...requestOf(life, step),
    upload: { ...ticketOf(life, step), kind: 'avatar', avatar: refOf(step.whose), method: 'PUT' },
    access: accessOf(step),
  }),
  issueRender: (life, step) => ({
    ...requestOf(life, step),
    upload: {
      kind: 'render',
      uploadId: life.newId('upload'),
      ownerId: step.who,
      avatar: refOf(step.whose),
      createdAt: life.in(0),
      firstLookAt: life.in(MINUTE),
    },
    access: accessOf(step),
  }),
  issueAttachment: (life, step) => ({
    ...requestOf(life, step),
    upload: {
      ...ticketOf(life, step),
      kind: 'attachment',
      ...methodOf(step),
      filename: 'minutes.pdf',
      visibility: step.other ? 'organization' : 'private',
      draft: step.flag,
      ...(step.astray && { description: 'the minutes' }),
      keepMetadata: step.other,
    },
    organizationId: step.organization,
  }),
  renewTicket: (life, step) => {
    const picked = pickUpload(life, step, ({ status }) => status === 'pending');
    return picked && { ...picked, urlExpiresAt: life.in(5 * MINUTE), acceptUntil: life.in(65 * MINUTE) };
  },
  markSent: (life, step) =>
    pickUpload(life, step, ({ status, sentAt }) => status === 'pending' && sentAt === undefined),
  beginUpload: (life, step) => {
    const picked = pickUpload(life, step, isOpen);
    const current = picked && leaseOf(life, picked.uploadId);
    const leaseId = step.lostLease && current !== undefined ? current : life.newId('lease');
    return (
      picked && { ...picked, leaseId, leaseUntil: life.in(2 * MINUTE), ...(step.flag && { eTag: life.newId('e') }) }
    );
  },
  deferUpload: (life, step) => {
    const picked = step.other ? pickUpload(life, step, isOpen) : pickLease(life, step, () => true);
    return picked && { ...picked, retryAt: life.in(MINUTE), giveUpAfter: step.flag ? DAY : HOUR };
  },
  redriveUpload: (life, step) => {
    const picked = pickUpload(life, step, isOpen);
    const seenWorkAt = life.store.find({ kind: 'upload', uploadId: picked?.uploadId ?? '' })?.workAt ?? '';
    return picked && { ...picked, seenWorkAt, giveUpAfter: step.flag ? DAY : HOUR };
  },
  lapseLease: (life, step) =>
    pickUpload(life, step, ({ leaseId, status }) => leaseId !== undefined && !isTerminal(status)),
  publishAvatar: (life, step) => {
    const picked = pickLease(life, step, ({ kind }) => kind !== 'attachment');
    const original = { contentType: 'image/png', bytes: 10, eTag: 'e1', width: 640, height: 480 } as const;
    const sizes = step.flag ? { small: { webp: 900 } } : {};
    const image = { ...((step.flag || step.other) && { original }), sizes, thumbHash: 'aGFzaA==' };
    return picked && { ...picked, image: { ...image, folder: picked.uploadId } };
  },
  publishAttachment: (life, step) => {
    const picked = pickLease(life, step, ({ kind }) => kind === 'attachment');
    const key = storageKeyOf('attachments/2026/01/file.pdf');
    const contentType = TYPES[step.bytes % TYPES.length] ?? 'application/pdf';
    const file = { key, eTag: 'e1', contentType, size: 10, metadataStripped: step.flag };
    return picked && { ...picked, file };
  },
  rejectUpload: (life, step) => {
    const picked = pickLease(life, step, () => true);
    return picked && { ...picked, code: 'image_damaged' };
  },
  supersedeUpload: (life, step) => pickLease(life, step, () => true),
  supersedePending: (life, step) => pickUpload(life, step, ({ status }) => status === 'pending'),
  expireUpload: (life, step) => {
    const picked = pickUpload(life, step, ({ status, kind }) => status === 'pending' && kind !== 'render');
    const upload = life.store.find({ kind: 'upload', uploadId: picked?.uploadId ?? '' });
    return picked && { ...picked, sentAt: step.flag ? upload?.sentAt : undefined };
  },
  abortUpload: (life, step) => pickUpload(life, step, isOpen),
  finishCleanUp: (life, step) => {
    const picked = pickUpload(life, step, ({ cleanUp }) => cleanUp !== undefined);
    const upload = life.store.find({ kind: 'upload', uploadId: picked?.uploadId ?? '' });
    return picked && { ...picked, pass: upload?.cleanUp ?? 'first' };
  },
};

export function accessOf({ organization, who, whose }: Step): AvatarAccess {
  return { organizationId: organization, mayBind: true, ...(who === whose && { ownerId: who }) };
}

function requestOf(life: Life, { requestKey, flag }: Step): Pick<IssueUploadInput, 'request' | 'limits' | 'now'> {
  const request = { requestDigest: flag ? 'a body' : 'another', expiresAt: life.in(DAY) };
  return {
    ...(requestKey !== undefined && { request: { ...request, keyDigest: requestKey } }),
    limits: LIMITS,
    now: life.now(),
  };
}

function ticketOf(life: Life, { who, bytes }: Step) {
  const uploadId = life.newId('upload');
  return {
    uploadId,
    ownerId: who,
    key: temporaryKey(uploadId),
    contentType: 'image/png',
    contentLength: bytes,
    createdAt: life.in(0),
    urlExpiresAt: life.in(5 * MINUTE),
    acceptUntil: life.in(65 * MINUTE),
  };
}

function methodOf({ astray }: Step) {
  const multipart = { multipartId: 'parts', partSize: 20, partCount: 2 };
  return astray ? ({ method: 'multipart', multipart } as const) : ({ method: 'PUT' } as const);
}

const isOpen = ({ status }: UploadRecord) => !isTerminal(status);

function pickUpload(life: Life, step: Step, fits: (upload: UploadRecord) => boolean) {
  const upload = pick(life.store.all('upload'), step, fits);
  return upload && { uploadId: upload.uploadId, now: life.now() };
}

/** About an upload that fits, by a worker that has or had its lease. */
function pickLease(life: Life, step: Step, fits: (upload: UploadRecord) => boolean) {
  const picked = pickUpload(life, step, (upload) => upload.leaseId !== undefined && isOpen(upload) && fits(upload));
  return picked && { ...picked, leaseId: step.lostLease ? 'lost' : (leaseOf(life, picked.uploadId) ?? 'never had') };
}

function leaseOf(life: Life, uploadId: string): string | undefined {
  return life.store.find({ kind: 'upload', uploadId })?.leaseId;
}
