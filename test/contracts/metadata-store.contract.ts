import { afterAll, beforeAll, describe } from 'vitest';
import type { MetadataStore } from '../../shared/metadata/metadata-store.ts';
import { describeAttachmentDeletes } from '../metadata/contract/attachment-deletes.ts';
import { describeAttachmentEnds } from '../metadata/contract/attachment-ends.ts';
import { describeAttachmentHistories } from '../metadata/contract/attachment-histories.ts';
import { describeAttachmentLists } from '../metadata/contract/attachment-lists.ts';
import { describeAttachmentPublications } from '../metadata/contract/attachment-publications.ts';
import { describeAttachmentTickets } from '../metadata/contract/attachment-tickets.ts';
import { describeAttachmentUpdates } from '../metadata/contract/attachment-updates.ts';
import { describeCaps } from '../metadata/contract/caps.ts';
import { describeCharging } from '../metadata/contract/charging.ts';
import { describeCleanUps } from '../metadata/contract/clean-ups.ts';
import { describeDeferrals } from '../metadata/contract/deferrals.ts';
import { describeDeletes } from '../metadata/contract/deletes.ts';
import { describeDueWork, describeRedrives } from '../metadata/contract/due-work.ts';
import { describeEnds } from '../metadata/contract/ends.ts';
import { describeHistories, ENOUGH_FOR_ALL } from '../metadata/contract/histories.ts';
import { describeLeases } from '../metadata/contract/leases.ts';
import { describeLimits, describeOrganizations } from '../metadata/contract/organizations.ts';
import { describePostponement } from '../metadata/contract/postponements.ts';
import { describePublication, describeRetirement } from '../metadata/contract/publications.ts';
import { describeOpenUploads, describeReads, describeSwitches } from '../metadata/contract/reads.ts';
import { describeRemovals } from '../metadata/contract/removals.ts';
import { describeRenders } from '../metadata/contract/renders.ts';
import { describeReplays } from '../metadata/contract/replays.ts';
import { describeTickets } from '../metadata/contract/tickets.ts';
import { describeUnknownFields } from '../metadata/contract/unknown-fields.ts';
import { describeUsage } from '../metadata/contract/usage.ts';
import { describeArrival, describeRenewal, describeReplacedTickets } from '../metadata/contract/waiting-uploads.ts';
import { type Begin, world } from '../metadata/contract/world.ts';

/**
 * What every metadata store must do. Only the port is used, and every id is new, so one shared table can serve all
 * tests; times are near the real ones, because a table may remove by itself what has expired. `histories`: how many of
 * each kind. Few where one takes seconds: what they look for is in the transitions, which are the same over every store.
 */
export function describeMetadataStore(
  name: string,
  open: () => Promise<{ store: MetadataStore; close(): Promise<void> }>,
  { histories = ENOUGH_FOR_ALL } = {},
): void {
  describe(name, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());
    const begin: Begin = (options) => world(opened.store, options);

    describe('a ticket', () => describeTickets(begin));
    describe('the charge of an upload', () => describeCharging(begin));
    describe('the caps on open uploads', () => describeCaps(begin));
    describe('a repeated request', () => describeReplays(begin));
    describe('a render', () => describeRenders(begin));
    describe('a renewal', () => describeRenewal(begin));
    describe('the arrival of the bytes', () => describeArrival(begin));
    describe('tickets that are replaced', () => describeReplacedTickets(begin));
    describe('a lease', () => describeLeases(begin));
    describe('a deferral', () => describeDeferrals(begin));
    describe('a publication', () => describePublication(begin));
    describe('a retired version', () => describeRetirement(begin));
    describe('an end', () => describeEnds(begin));
    describe('a clean-up', () => describeCleanUps(begin));
    describe('a delete', () => describeDeletes(begin));
    describe('the removal of deleted files', () => describeRemovals(begin));
    describe('a ticket for an attachment', () => describeAttachmentTickets(begin));
    describe('the upload of an attachment', () => describeAttachmentEnds(begin));
    describe('the publication of an attachment', () => describeAttachmentPublications(begin));
    describe('the delete of an attachment', () => describeAttachmentDeletes(begin));
    describe('a change of an attachment', () => describeAttachmentUpdates(begin));
    describe('a list of attachments', () => describeAttachmentLists(begin));
    describe('the usage of an organization', () => describeUsage(begin));
    describe('an organization', () => describeOrganizations(begin));
    describe('limits', () => describeLimits(begin));
    describe('due work', () => describeDueWork(begin));
    describe('redrives', () => describeRedrives(begin));
    describe('a postponement', () => describePostponement(begin));
    describe('the open uploads', () => describeOpenUploads(begin));
    describe('reads', () => describeReads(begin));
    describe('the switches', () => describeSwitches(begin));
    describe('unknown fields', () => describeUnknownFields(begin));
    describe('any history', () => describeHistories(begin, histories));
    describe('any history with attachments', () => describeAttachmentHistories(begin, histories));
  });
}
