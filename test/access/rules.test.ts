import { describe, expect, it } from 'vitest';
import type { Principal } from '../../shared/access/principal.ts';
import {
  attachmentWriteAccess,
  avatarWriteAccess,
  mayBindAgents,
  mayReadAttachment,
  mayReadAvatar,
  mayUseUpload,
  seesPrivateAttachments,
} from '../../shared/access/rules.ts';
import { meetsAccess, meetsAttachmentAccess } from '../../shared/metadata/record-access.ts';
import type { AttachmentRecord, AvatarRecord, UploadRecord, Visibility } from '../../shared/metadata/records.ts';

function principal(sub: string, organizationId = 'acme', ...roles: string[]): Principal {
  return { sub, organizationId, roles: new Set(roles) };
}

const adasAvatar = { entityType: 'users', entityId: 'ada', organizationId: 'acme' } as AvatarRecord;
const botsAvatar = { entityType: 'agents', entityId: 'bot', organizationId: 'acme' } as AvatarRecord;
const adasUpload = { uploadId: 'u1', organizationId: 'acme', ownerId: 'ada' } as UploadRecord;

describe("a user's avatar", () => {
  const ada = { entityType: 'users', entityId: 'ada' } as const;

  it('is bound by that user alone', () => {
    expect(avatarWriteAccess(principal('ada'), ada, 'first-ticket')?.mayBind).toBe(true);
    expect(avatarWriteAccess(principal('eve', 'acme', 'admin'), ada, 'first-ticket')?.mayBind).toBe(false);
  });

  it('stays in reach of its user after a move to another organization', () => {
    const access = avatarWriteAccess(principal('ada', 'umbrella'), ada, 'first-ticket');
    expect(access && meetsAccess(adasAvatar, access)).toBe(true);
  });

  it.each([
    ['an admin of its organization', principal('eve', 'acme', 'admin'), true],
    ['a service of its organization', principal('cron', 'acme', 'service'), true],
    ['an admin of another organization', principal('eve', 'umbrella', 'admin'), false],
  ])('is written by %s: %s', (_, caller, allowed) => {
    const access = avatarWriteAccess(caller, ada, 'first-ticket');
    expect(access !== undefined && meetsAccess(adasAvatar, access)).toBe(allowed);
  });

  it('is out of reach of members without a role, whatever its record says', () => {
    expect(avatarWriteAccess(principal('bob'), ada, 'first-ticket')).toBeUndefined();
  });

  it.each([
    ['its user, from anywhere', principal('ada', 'umbrella'), true],
    ['a member', principal('bob'), true],
    ['a stranger', principal('bob', 'umbrella'), false],
    ["another organization's admin", principal('eve', 'umbrella', 'admin'), false],
  ])('is read by %s: %s', (_, caller, allowed) => {
    expect(mayReadAvatar(caller, adasAvatar)).toBe(allowed);
  });
});

describe("an agent's avatar", () => {
  const bot = { entityType: 'agents', entityId: 'bot' } as const;

  it('is written by every member of its organization and nobody else', () => {
    const access = avatarWriteAccess(principal('bob'), bot, 'registered');
    const foreign = avatarWriteAccess(principal('bob', 'umbrella'), bot, 'registered');
    expect(access && meetsAccess(botsAvatar, access)).toBe(true);
    expect(foreign && meetsAccess(botsAvatar, foreign)).toBe(false);
  });

  it('is bound by its first ticket only where that is configured', () => {
    expect(avatarWriteAccess(principal('bob'), bot, 'first-ticket')?.mayBind).toBe(true);
    expect(avatarWriteAccess(principal('bob'), bot, 'registered')?.mayBind).toBe(false);
  });

  it('is not the avatar of a user who has the same id', () => {
    expect(mayReadAvatar(principal('bot', 'umbrella'), botsAvatar)).toBe(false);
  });

  it('is bound to an organization by a service alone', () => {
    expect(mayBindAgents(principal('cron', 'acme', 'service'))).toBe(true);
    expect(mayBindAgents(principal('eve', 'acme', 'admin'))).toBe(false);
  });
});

describe('an upload', () => {
  it.each([
    ['its creator, from any organization', principal('ada', 'umbrella'), true],
    ['an admin', principal('eve', 'acme', 'admin'), true],
    ['a service', principal('cron', 'acme', 'service'), true],
    ['another member', principal('bob'), false],
    ['an admin of another organization', principal('eve', 'umbrella', 'admin'), false],
  ])('is followed by %s: %s', (_, caller, allowed) => {
    expect(mayUseUpload('upload.read', caller, adasUpload)).toBe(allowed);
  });
});

describe('an attachment', () => {
  const callers = {
    uploader: principal('ada'),
    'the uploader, gone to another organization': principal('ada', 'umbrella'),
    member: principal('bob'),
    admin: principal('eve', 'acme', 'admin'),
    service: principal('cron', 'acme', 'service'),
    stranger: principal('eve', 'umbrella', 'admin', 'service'),
  };
  const adas = (visibility: Visibility, draft = false) =>
    ({ organizationId: 'acme', ownerId: 'ada', visibility, draft }) as AttachmentRecord;
  const whoMay = (may: (caller: Principal) => boolean) =>
    Object.entries(callers).flatMap(([name, caller]) => (may(caller) ? [name] : []));

  it.each<[string, AttachmentRecord, string[]]>([
    ['public', adas('public'), ['uploader', 'member', 'admin', 'service']],
    ['organization', adas('organization'), ['uploader', 'member', 'admin', 'service']],
    ['private', adas('private'), ['uploader', 'admin', 'service']],
    ['a draft', adas('public', true), ['uploader']],
  ])('that is %s is seen by those', (_, file, readers) => {
    expect(whoMay((caller) => mayReadAttachment(caller, file))).toEqual(readers);
  });

  it.each<[string, AttachmentRecord, string[]]>([
    ['sent', adas('private'), ['uploader', 'admin']],
    ['a draft', adas('public', true), ['uploader']],
  ])('that is %s is changed by those', (_, file, writers) => {
    expect(whoMay((caller) => meetsAttachmentAccess(file, attachmentWriteAccess(caller)))).toEqual(writers);
  });

  it('that is private to others is in the lists of admins and services', () => {
    expect(whoMay(seesPrivateAttachments)).toEqual(['admin', 'service', 'stranger']);
  });
});
