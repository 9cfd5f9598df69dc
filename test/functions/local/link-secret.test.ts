import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHiddenFolder } from '../../../functions/local/hidden-folder.ts';
import { openLinkSecret } from '../../../functions/local/link-secret.ts';

describe('the secret in the hidden folder', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(`${tmpdir()}/link-secret-`);
    ({ contentLinkSecret: path } = await openHiddenFolder(folder));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is one key of 32 random bytes, which signs and is accepted', async () => {
    const { signing, accepted } = await (await openLinkSecret(path))();
    expect(signing).toHaveLength(32);
    expect(accepted).toEqual([signing]);
    await rm(path);
    expect((await (await openLinkSecret(path))()).signing).not.toEqual(signing);
  });

  it('is made once, by whoever comes first, and stays', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => openLinkSecret(path)));
    const keys = await Promise.all([...all, await openLinkSecret(path)].map((secret) => secret()));
    expect(new Set(keys.map(({ signing }) => Buffer.from(signing).toString('hex'))).size).toBe(1);
    expect(await readdir(`${folder}/.service`)).toEqual(['content-link-secret']);
  });

  it('is readable for its owner alone', async () => {
    await openLinkSecret(path);
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('is another one than the storage signs with', async () => {
    const { linkSecret } = await openHiddenFolder(folder);
    expect(path).not.toBe(linkSecret);
  });

  it.each(['', 'short', Buffer.alloc(31).toString('base64'), Buffer.alloc(33).toString('base64')])(
    'is refused when its file holds %j, and left alone',
    async (content) => {
      await writeFile(path, content);
      const fault = { code: 'invalid_configuration', message: expect.stringContaining(path) };
      await expect(openLinkSecret(path)).rejects.toMatchObject(fault);
      expect(await readFile(path, 'utf8')).toBe(content);
    },
  );
});
