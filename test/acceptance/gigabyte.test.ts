import { expect, inject, it } from 'vitest';
import { attachmentOf, deleteAttachment, usage } from './attachments.ts';
import { waitForEnd } from './client.ts';
import {
  abortUpload,
  completeUpload,
  digestAt,
  digestOf,
  largeFile,
  numbersOf,
  type Part,
  planParts,
  sendPart,
} from './parts.ts';
import { signIn } from './people.ts';

const GIB = 1024 ** 3;
/** Parts that are on their way at a time. */
const AT_ONCE = 4;

it('a gigabyte arrives whole, in parts out of order of which one is sent again, while another one is given up', {
  timeout: 300_000,
}, async ({ annotate, skip }) => {
  const { largeOrganization: org } = inject('target');
  if (org === undefined) {
    const reason = 'this target has no organization with room for it';
    await annotate(reason);
    return skip(reason);
  }
  const ada = await signIn({ org });
  const before = await usage(ada);
  const file = largeFile(GIB, 'a gigabyte');
  const plan = await planParts(ada, file);
  const given = largeFile(GIB, 'given up');
  const givenUp = await planParts(ada, given);
  await sendPart(ada, givenUp, given, 2);
  expect(await usage(ada)).toMatchObject({ bytesUsed: before.bytesUsed + 2 * GIB, openUploads: 2 });

  // The even ones from the last to the first, then the odd ones.
  const numbers = numbersOf(plan).reverse();
  const order = [...numbers.filter((one) => one % 2 === 0), ...numbers.filter((one) => one % 2 === 1)];
  const parts = new Map<number, Part>();
  for (let at = 0; at < order.length; at += AT_ONCE) {
    const some = order.slice(at, at + AT_ONCE).map((partNumber) => sendPart(ada, plan, file, partNumber));
    for (const part of await Promise.all(some)) parts.set(part.partNumber, part);
    if (at === order.length / 2) expect(await abortUpload(ada, givenUp)).toMatchObject({ status: 204 });
  }
  parts.set(7, await sendPart(ada, plan, file, 7));

  expect(await completeUpload(ada, plan, [...parts.values()])).toMatchObject({ status: 202 });
  const attachment = attachmentOf(await waitForEnd(ada, plan.uploadId));
  expect(attachment).toMatchObject({ size: GIB });
  expect(await digestAt(attachment.contentUrl)).toEqual(digestOf(file));
  expect(await usage(ada)).toMatchObject({ bytesUsed: before.bytesUsed + GIB, openUploads: 0 });
  expect(await deleteAttachment(ada, attachment.id)).toMatchObject({ status: 204 });
  expect(await usage(ada)).toMatchObject({ bytesUsed: before.bytesUsed, filesUsed: before.filesUsed });
});
