import { expect, it } from 'vitest';
import type { AvatarRef } from '../../../shared/storage/object-keys.ts';
import type { Begin } from './world.ts';

export function describeCaps(begin: Begin): void {
  const tooMany = (cap: 'pending' | 'sent') => ({ outcome: 'too_many_open', cap });

  it('hold for what waits for its bytes, also when 50 tickets are requested at once', async () => {
    const w = begin({ files: 100, bytes: 10_000, pendingUploads: 4 });
    await w.issue();
    // Each for another avatar, so that nothing but the cap is shared.
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.ask({ avatar: w.anotherAgent() })));
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(3);
    expect(await w.ask()).toEqual(tooMany('pending'));
    expect(await w.owner()).toMatchObject({ pendingUploads: 4, sentUploads: 0 });
  });

  it('hold for what is sent, also when 20 renders are requested at once', async () => {
    const w = begin({ files: 100, bytes: 10_000, sentUploads: 3 });
    const agents = Array.from({ length: 20 }, () => w.anotherAgent());
    for (const avatar of agents) await w.published({ avatar });
    const ask = (avatar: AvatarRef) => w.ask({ upload: w.renderTicket({ avatar }) });
    const outcomes = await Promise.all(agents.map(ask));
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(3);
    expect(outcomes.filter(({ outcome }) => outcome === 'too_many_open')).toHaveLength(17);
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 3 });
  });

  it('hold for each person alone', async () => {
    const w = begin({ pendingUploads: 1, sentUploads: 1 });
    await w.issue();
    expect(await w.ask()).toEqual(tooMany('pending'));
    expect(await w.ask({ by: 'someone-else', access: w.asMember })).toMatchObject({ outcome: 'issued' });
  });

  it('make room for another ticket once the bytes of one were seen', async () => {
    const w = begin({ pendingUploads: 2 });
    const [first, second] = [await w.issue(), await w.issue()];
    expect(await w.ask()).toEqual(tooMany('pending'));
    await w.markSent(first.uploadId);
    await w.start(second);
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 2 });
    expect(await w.ask()).toMatchObject({ outcome: 'issued' });
  });

  it('hold for what was sent and is not finished, and make room when it is', async () => {
    const w = begin({ sentUploads: 2 });
    const { uploadId } = await w.issue();
    await w.markSent(uploadId);
    const job = await w.started();
    expect(await w.ask()).toEqual(tooMany('sent'));
    expect(await w.ask({ sentUploads: 3 })).toMatchObject({ outcome: 'issued' });
    await w.reject(job);
    expect(await w.owner()).toMatchObject({ pendingUploads: 1, sentUploads: 1 });
    expect(await w.ask()).toMatchObject({ outcome: 'issued' });
  });

  it('count no render as pending, and every render as sent', async () => {
    const w = begin({ pendingUploads: 1, sentUploads: 1 });
    await w.published();
    const render = await w.issue({ upload: w.renderTicket(), pendingUploads: 0 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 1 });
    expect(await w.ask()).toEqual(tooMany('sent'));
    await w.abort(render.uploadId);
    expect(await w.ask({ upload: w.renderTicket(), sentUploads: 0 })).toEqual(tooMany('sent'));
    await w.issue();
    expect(await w.owner()).toMatchObject({ pendingUploads: 1, sentUploads: 0 });
  });

  it('are released once by each end, whichever of the two counted the upload', async () => {
    const w = begin({ bytes: 10_000, files: 100 });
    const pending = [await w.issue(), await w.issue(), await w.issue()];
    const sent = [await w.issue(), await w.issue()];
    for (const { uploadId } of sent) await w.markSent(uploadId);
    expect(await w.owner()).toMatchObject({ pendingUploads: 3, sentUploads: 2 });
    for (const { uploadId } of [...pending.slice(1), ...sent.slice(1)]) {
      await Promise.all([w.abort(uploadId), w.abort(uploadId)]);
    }
    expect(await w.owner()).toMatchObject({ pendingUploads: 1, sentUploads: 1 });
  });
}
