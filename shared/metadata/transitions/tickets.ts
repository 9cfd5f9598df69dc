import { uploadKey } from '../record-keys.ts';
import {
  type AttachmentUpload,
  type AvatarUpload,
  type Instant,
  instantAfter,
  type UploadRecord,
  type UploadStatus,
} from '../records.ts';
import { RETENTION } from '../retention.ts';
import { countAsSent } from './counters.ts';
import { change, type Seen, type Transition } from './transition.ts';

export interface RenewTicketInput {
  readonly uploadId: string;
  readonly urlExpiresAt: Instant;
  readonly acceptUntil: Instant;
  readonly now: Date;
}

export type RenewTicketOutcome =
  | { readonly outcome: 'renewed'; readonly upload: AvatarUpload | AttachmentUpload }
  | { readonly outcome: 'finished'; readonly status: UploadStatus }
  | { readonly outcome: 'unknown' };

/**
 * Moves the deadlines of a pending upload that is younger than 24 h, because it is signed again. Those of a multipart
 * upload stay as they are: its parts are signed on demand. The sweep's look at the end of its time moves along; one that
 * is due for its bytes or for another attempt does not. A render has no ticket and is unknown here.
 */
export const renewTicket: Transition<RenewTicketInput, RenewTicketOutcome> = {
  reads: ({ uploadId }) => ({ upload: uploadKey(uploadId) }),
  decide({ upload }, { uploadId, urlExpiresAt, acceptUntil, now }) {
    if (upload === undefined || upload.kind === 'render') return { outcome: { outcome: 'unknown' } };
    const isYoung = upload.createdAt > instantAfter(now, -RETENTION.renewable);
    if (upload.status !== 'pending' || !isYoung) return { outcome: { outcome: 'finished', status: upload.status } };
    if (upload.method === 'multipart') return { outcome: { outcome: 'renewed', upload } };
    const workAt = upload.workAt === upload.acceptUntil ? acceptUntil : upload.workAt;
    const next = { ...upload, urlExpiresAt, acceptUntil, ...(workAt !== undefined && { workAt }) };
    return {
      outcome: { outcome: 'renewed', upload: next },
      writes: { upload: change(uploadKey(uploadId), upload, next, TICKET_FIELDS) },
    };
  },
};

const TICKET_FIELDS = ['status', 'urlExpiresAt', 'acceptUntil', 'workAt', 'sentAt', 'failingSince'] as const;

export interface MarkSentInput extends Seen {
  readonly uploadId: string;
  readonly now: Date;
}

/** A message that was sent this long ago may be sent once more, in milliseconds. */
const RESEND_AFTER = 60_000;

/**
 * Notes that the bytes of a pending upload are stored, and puts the sweep's next look 15 minutes ahead. `marked`: the
 * caller sends the upload's message. `unchanged`: it was sent within the last minute, or the upload is no longer pending.
 */
export const markSent: Transition<MarkSentInput, 'marked' | 'unchanged'> = {
  reads: ({ uploadId }) => ({ upload: uploadKey(uploadId) }),
  decide({ upload }, { uploadId, now }) {
    if (upload?.status !== 'pending' || upload.kind === 'render' || wasJustSent(upload, now)) {
      return { outcome: 'unchanged' };
    }
    const workAt = instantAfter(now, RETENTION.redriveDelay);
    const next = { ...upload, sentAt: upload.sentAt ?? now.toISOString(), workAt };
    return {
      outcome: 'marked',
      writes: {
        upload: change(uploadKey(uploadId), upload, next, ['status', 'sentAt', 'workAt']),
        ...countAsSent(upload),
      },
    };
  },
};

function wasJustSent({ sentAt, workAt = '' }: UploadRecord, now: Date): boolean {
  return sentAt !== undefined && workAt > instantAfter(now, RETENTION.redriveDelay - RESEND_AFTER);
}
