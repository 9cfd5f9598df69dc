import { attachmentKey, avatarKey, uploadKey } from '../../../shared/metadata/record-keys.ts';
import type { DueWork } from '../../../shared/metadata/record-store.ts';
import { type Life, type Maker, refOf } from './life.ts';
import { pick, type Step, type TransitionName } from './random-steps.ts';
import { accessOf, LIMITS } from './upload-inputs.ts';

type FileAction = Extract<
  TransitionName,
  | 'markAvatarDeleted'
  | 'finishRemovals'
  | 'bindAgent'
  | 'markAttachmentDeleted'
  | 'expireDraft'
  | 'forgetAttachment'
  | 'updateAttachment'
  | 'setLimits'
  | 'setOrganizationState'
  | 'closeOwner'
  | 'setUsage'
  | 'setSwitches'
  | 'postponeWork'
>;
type FileInputs = { readonly [Name in FileAction]: Maker<Name> } & {
  readonly eraseOrganization: Maker<'setOrganizationState'>;
};

/** From a step to the input of a transition on an avatar, an attachment or an organization. */
export const FILE_INPUTS: FileInputs = {
  markAvatarDeleted: (life, step) => ({ avatar: refOf(step.whose), access: accessOf(step), now: life.now() }),
  finishRemovals: (life, step) => {
    const avatar = pick(life.store.all('avatar'), step, ({ retired }) => retired !== undefined);
    if (!avatar) return undefined;
    const due = (avatar.retired ?? []).filter(({ removeAt }) => step.astray || removeAt <= life.in(0));
    const { entityType, entityId } = avatar;
    return { avatar: { entityType, entityId }, removed: step.flag ? due : due.slice(0, 1), now: life.now() };
  },
  bindAgent: (_, { organization }) => ({ agentId: 'bot', organizationId: organization }),
  markAttachmentDeleted: (life, step) => {
    const file = pickFile(life, step);
    return file && { fileId: file.fileId, access: fileAccessOf(step, file.ownerId), now: life.now() };
  },
  expireDraft: (life, step) => {
    const isDue = ({ draft, workAt }: { readonly draft: boolean; readonly workAt?: string }) =>
      draft && workAt !== undefined && workAt <= life.in(0);
    const file = pick(life.store.all('attachment'), step, isDue);
    return file && { fileId: file.fileId, now: life.now() };
  },
  forgetAttachment: (life, step) => {
    const file = pick(life.store.all('attachment'), step, ({ status }) => status === 'deleting');
    return file && { fileId: file.fileId };
  },
  updateAttachment: (life, step) => {
    const file = pickFile(life, step);
    const changes = {
      ...(step.flag && { filename: `${step.bytes % 3}.pdf` }),
      ...(step.other && { visibility: step.flag ? ('public' as const) : ('organization' as const) }),
      ...(step.bytes % 2 === 0 && { draft: false as const }),
      ...(step.bytes % 5 < 2 && { description: step.flag ? '' : `by ${step.who}` }),
      ...(step.bytes % 3 === 0 && { metadata: { caption: step.who } }),
    };
    const seenRevision = step.back === 1 ? { seenRevision: (file?.revision ?? 1) - Number(step.astray) } : {};
    return file && { fileId: file.fileId, changes, access: fileAccessOf(step, file.ownerId), ...seenRevision };
  },
  setLimits: (_, { organization, bytes }) => ({
    organizationId: organization,
    bytesLimit: 100 + 2 * bytes,
    filesLimit: 8 + (bytes % 6),
  }),
  setUsage: (life, { organization, other, flag }) => {
    const found = life.store.find({ kind: 'organization', organizationId: organization });
    if (!found) return undefined;
    const { version, bytesLimit, bytesFree, filesLimit, filesFree } = found;
    const held = { bytes: bytesLimit - bytesFree, files: filesLimit - filesFree };
    return { organizationId: organization, seenVersion: version - Number(flag && other), ...held };
  },
  setSwitches: (_, { flag, other }) => ({ uploadsPaused: flag, ...(other && { reason: 'a test' }) }),
  setOrganizationState: (_, { organization, astray }) => ({
    organizationId: organization,
    state: astray ? 'paused' : 'active',
    limits: LIMITS,
  }),
  eraseOrganization: (_, { organization, astray, flag }) => ({
    organizationId: organization,
    state: astray && flag ? 'erasing' : 'active',
    limits: LIMITS,
  }),
  closeOwner: (_, { organization, who, astray, flag }) =>
    astray && flag ? { organizationId: organization, ownerId: who } : undefined,
  postponeWork: (life, step) => {
    const { store } = life;
    const isDue = ({ workAt }: { readonly workAt?: string }) => workAt !== undefined;
    const upload = pick(store.all('upload'), step, isDue);
    const avatar = pick(store.all('avatar'), step, isDue);
    const file = pick(store.all('attachment'), step, isDue);
    const works = [
      upload && { ...uploadKey(upload.uploadId), workAt: upload.workAt },
      avatar && { ...avatarKey(avatar), workAt: avatar.workAt },
      file && { ...attachmentKey(file.fileId), workAt: file.workAt },
    ].filter((work) => work?.workAt !== undefined) as DueWork[];
    const work = works[step.bytes % Math.max(1, works.length)];
    return work && { work, now: life.now() };
  },
};

function pickFile(life: Life, step: Step) {
  return pick(life.store.all('attachment'), step, ({ status }) => status === 'ready');
}

function fileAccessOf({ organization, who, lostLease }: Step, uploader: string) {
  return { organizationId: organization, ownerId: lostLease ? who : uploader, othersToo: who === 'admin' };
}
