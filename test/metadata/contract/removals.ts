import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Begin, DAY, HOUR, MINUTE } from './world.ts';

/** The removal of the files of deleted versions. */
export function describeRemovals(begin: Begin): void {
  it('comes twice, the second time 15 minutes later', async () => {
    const w = begin();
    const { uploadId } = await w.published();
    await w.delete();
    const [first] = await w.retired();
    expect(first).toMatchObject({ folder: uploadId, pass: 'first', removeAt: w.in(0) });
    w.pass(MINUTE);
    expect(await w.removeDue()).toBe('finished');
    const second = { ...first, pass: 'second', removeAt: w.in(15 * MINUTE) };
    expect(await w.avatar()).toMatchObject({ retired: [second], workAt: second.removeAt });
    expect(first && (await w.remove([first]))).toBe('stale');
    w.pass(15 * MINUTE);
    expect(await w.removeDue()).toBe('finished');
    expect(await w.removeDue()).toBe('stale');
    const avatar = await w.avatar();
    expect(avatar).toMatchObject({ deletedGeneration: 2 });
    expect(avatar).not.toHaveProperty('retired');
    expect(avatar).not.toHaveProperty('workAt');
  });

  it.each(['first', 'second'] as const)('has its %s pass finished once of 50 times', async (pass) => {
    const w = begin();
    await w.published({ bytes: 100 });
    await w.delete();
    if (pass === 'second') await w.removeDue();
    const removed = await w.retired();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.remove(removed)));
    expect(outcomes.filter((outcome) => outcome === 'finished')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'stale')).toHaveLength(49);
    expect((await w.retired()).map((version) => version.pass)).toEqual(pass === 'first' ? ['second'] : []);
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('meets the replaced versions too, whose grace period the delete ends', async () => {
    const w = begin();
    const [replaced, current] = [await w.published(), await w.published()];
    await w.delete();
    const due = { original: 'png', removeAt: w.in(0), pass: 'first' };
    expect(await w.retired()).toEqual([
      { folder: replaced.uploadId, ...due },
      { folder: current.uploadId, ...due },
    ]);
    expect(await w.removeDue()).toBe('finished');
    expect((await w.retired()).map(({ pass }) => pass)).toEqual(['second', 'second']);
  });

  it('of one version leaves the others due', async () => {
    const w = begin();
    await w.published();
    await w.published();
    await w.delete();
    const [one, other] = await w.retired();
    w.pass(MINUTE);
    expect(one && (await w.remove([one]))).toBe('finished');
    expect(await w.avatar()).toMatchObject({
      retired: [{ ...one, pass: 'second', removeAt: w.in(15 * MINUTE) }, other],
      workAt: other?.removeAt,
    });
  });

  it('of an earlier delete goes on through another delete', async () => {
    const w = begin();
    const first = await w.published();
    await w.delete();
    await w.removeDue();
    const [second] = await w.retired();
    const next = await w.published();
    expect(await w.delete()).toEqual({ outcome: 'deleted', deletedGeneration: 4, isPurgeDue: true });
    expect(await w.retired()).toMatchObject([second, { folder: next.uploadId, pass: 'first', removeAt: w.in(0) }]);
    expect(second?.folder).toBe(first.uploadId);
    expect(await w.removeDue()).toBe('finished');
    w.pass(15 * MINUTE);
    expect(await w.removeDue()).toBe('finished');
    expect(await w.retired()).toEqual([]);
  });

  it('spares the newer image, and does not let its record expire', async () => {
    const w = begin();
    await w.published();
    await w.delete();
    const { uploadId } = await w.published();
    await w.removeDue();
    w.pass(15 * MINUTE);
    await w.removeDue();
    const avatar = await w.avatar();
    expect(avatar).toMatchObject({ readyGeneration: 3, readyUploadId: uploadId });
    expect(avatar).not.toHaveProperty('expiresAt');
  });

  it('lets the record of a user expire 35 days after the last pass, and that of an agent never', async () => {
    const w = begin();
    for (const ref of [w.user, w.agent]) {
      await w.published({ avatar: ref });
      await w.delete(ref, w.asMember);
      await w.removeDue(ref);
      expect(await w.avatar(ref)).not.toHaveProperty('expiresAt');
      w.pass(15 * MINUTE);
      expect(await w.removeDue(ref)).toBe('finished');
    }
    w.pass(-15 * MINUTE);
    expect((await w.avatar())?.expiresAt).toBe(w.in(35 * DAY));
    expect(await w.avatar(w.agent)).not.toHaveProperty('expiresAt');
  });

  it('lets no record expire that is in use again', async () => {
    const w = begin();
    await w.published();
    await w.delete();
    await w.removeDue();
    w.pass(15 * MINUTE);
    await w.removeDue();
    expect(await w.avatar()).toHaveProperty('expiresAt');
    await w.issue();
    expect(await w.avatar()).not.toHaveProperty('expiresAt');
  });

  it('that meets a new ticket does not let its record expire while the image exists', async () => {
    for (let round = 0; round < 20; round += 1) {
      const w = begin();
      await w.published();
      await w.delete();
      await w.removeDue();
      w.pass(15 * MINUTE);
      const [upload] = await Promise.all([w.issue(), w.removeDue()]);
      await w.publish(await w.start(upload));
      const avatar = await w.avatar();
      expect(avatar).toMatchObject({ readyUploadId: upload.uploadId });
      expect(avatar).not.toHaveProperty('expiresAt');
      expect(avatar).not.toHaveProperty('workAt');
    }
  });

  it('is stale for versions that are not retired, and for an unknown avatar', async () => {
    const w = begin();
    const unknown = { folder: randomUUID(), removeAt: w.in(0) };
    expect(await w.remove([unknown])).toBe('stale');
    await w.published();
    await w.published();
    w.pass(HOUR);
    const before = await w.avatar();
    expect(await w.remove([unknown])).toBe('stale');
    expect(await w.remove([])).toBe('stale');
    const waiting = (await w.retired())[0];
    expect(waiting && (await w.remove([{ ...waiting, pass: 'first' }]))).toBe('stale');
    expect(await w.avatar()).toEqual(before);
  });

  it('of a version that the delete met meanwhile is repeated for the delete', async () => {
    const w = begin();
    await w.published();
    await w.published();
    w.pass(DAY);
    const [replaced] = await w.retired();
    await w.delete();
    // A sweep had read the version before; a worker may still write, so both passes follow.
    expect(replaced && (await w.remove([replaced]))).toBe('stale');
    expect((await w.retired()).map(({ pass }) => pass)).toEqual(['first', 'first']);
  });
}
