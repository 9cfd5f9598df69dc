import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Begin, HOUR } from './world.ts';

export function describeReplays(begin: Begin): void {
  it('returns the upload that was issued for it, as it is now', async () => {
    const w = begin();
    const first = await w.issue({ request: w.request() });
    await w.start(first);
    const replay = await w.ask({ request: w.request() });
    expect(replay).toEqual({
      outcome: 'replayed',
      uploadId: first.uploadId,
      upload: await w.upload(first.uploadId),
    });
    expect(replay).toMatchObject({ upload: { status: 'processing' } });
    expect(await w.held()).toMatchObject({ files: 1, openUploads: 1 });
  });

  it('is issued once when it arrives 50 times at once, and every replay returns that upload', async () => {
    const w = begin();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.ask({ request: w.request() })));
    const issued = outcomes.filter((each) => each.outcome === 'issued');
    expect(issued).toHaveLength(1);
    const upload = issued[0]?.upload;
    const replays = outcomes.filter(({ outcome }) => outcome !== 'issued');
    expect(replays).toEqual(Array(49).fill({ outcome: 'replayed', uploadId: upload?.uploadId, upload }));
    expect(await w.held()).toMatchObject({ files: 1, openUploads: 1 });
  });

  it('for a render returns that render, while it is the latest upload and after', async () => {
    const w = begin();
    await w.published();
    const render = await w.issue({ upload: w.renderTicket(), request: w.request() });
    const replayed = { outcome: 'replayed', uploadId: render.uploadId, upload: render };
    expect(await w.ask({ upload: w.renderTicket(), request: w.request() })).toEqual(replayed);
    await w.issue();
    expect(await w.ask({ upload: w.renderTicket(), request: w.request() })).toEqual(replayed);
  });

  it('is told apart from another request with its key', async () => {
    const w = begin();
    await w.issue({ request: w.request() });
    const before = await w.everything();
    const other = await w.ask({ request: w.request({ requestDigest: 'another body' }) });
    expect(other).toEqual({ outcome: 'request_differs' });
    expect(await w.everything()).toEqual(before);
  });

  it('is recognized before anything else is checked', async () => {
    const w = begin({ pendingUploads: 1 });
    const { uploadId } = await w.issue({ request: w.request() });
    await w.setState('paused');
    const access = { organizationId: randomUUID(), mayBind: false };
    expect(await w.ask({ request: w.request(), access })).toMatchObject({ outcome: 'replayed', uploadId });
  });

  it('is a new request once its key has expired', async () => {
    const w = begin();
    const first = await w.issue({ request: w.request() });
    w.pass(25 * HOUR);
    const renewed = w.request({ requestDigest: 'another body' });
    const second = await w.issue({ request: renewed });
    expect(second).toMatchObject({ generation: 2 });
    expect(second.uploadId).not.toBe(first.uploadId);
    expect(await w.ask({ request: renewed })).toMatchObject({ outcome: 'replayed', uploadId: second.uploadId });
  });

  it('whose key has expired is issued once when it arrives 50 times at once', async () => {
    const w = begin();
    await w.issue({ request: w.request() });
    w.pass(25 * HOUR);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.ask({ request: w.request() })));
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'replayed')).toHaveLength(49);
    expect(await w.held()).toMatchObject({ files: 2, openUploads: 2 });
  });
}
