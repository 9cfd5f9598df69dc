import { describe, expect, inject, it } from 'vitest';
import { attach, open, type SentFile, text } from './attachments.ts';
import { changed, contentOf, linkTo } from './links.ts';
import { signIn } from './people.ts';
import { plainPng, RED } from './test-pictures.ts';

describe('the bytes of an attachment', () => {
  const script = '<script>alert(1)</script>';

  it.each<[string, SentFile]>([
    ['a page', text(`<!doctype html>${script}`, 'text/html')],
    ['a page that calls itself a picture', text(`<!doctype html>${script}`, 'image/png')],
    ['a page in XML', text(`<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">${script}</html>`)],
    ['a drawing with a script', text(`<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`, 'image/svg+xml')],
    ['a drawing that calls itself a photo', text(`<svg xmlns="http://www.w3.org/2000/svg"/>`, 'image/jpeg')],
    ['XML', text('<?xml version="1.0"?><a/>', 'application/xml')],
    ['XML as text', text('<?xml version="1.0"?><a/>', 'text/xml')],
    ['a script', text('alert(1)', 'text/javascript')],
  ])('are never run by a browser, whoever asks to show them: %s', async (_, file) => {
    const ada = await signIn();
    const { id, contentUrl } = await attach(ada, file, { visibility: 'public', filename: 'a.html' });
    const ways = [
      changed(contentUrl, 'disp', 'inline').href,
      (await linkTo(ada, id, { disposition: 'inline', expiresIn: 60 })).url,
      await contentOf(ada, id, '?disposition=inline'),
    ];
    for (const way of ways) {
      const { headers } = await open(way);
      expect(headers.get('content-type')).toBe('application/octet-stream');
      expect(headers.get('content-disposition')).toMatch(/^attachment; filename="?a\.html/);
    }
  });

  it('are shown when they are a picture, or a PDF if that is asked for, and saved otherwise', async () => {
    const ada = await signIn();
    const picture = await attach(ada, await plainPng(RED));
    const document = await attach(ada, text('%PDF-1.7\n', 'text/plain'));
    const letter = await attach(ada, text());
    const shown = async (link: string) => (await open(link)).headers.get('content-disposition')?.split(';')[0];
    for (const ask of [
      (id: string, disposition?: string) => contentOf(ada, id, disposition && `?disposition=${disposition}`),
      async (id: string, disposition?: string) => (await linkTo(ada, id, { disposition })).url,
    ]) {
      expect(await shown(await ask(picture.id))).toBe('inline');
      expect(await shown(await ask(picture.id, 'attachment'))).toBe('attachment');
      expect(await shown(await ask(document.id))).toBe('attachment');
      expect(await shown(await ask(document.id, 'inline'))).toBe('inline');
      expect(await shown(await ask(letter.id, 'inline'))).toBe('attachment');
    }
    const opened = await open(await contentOf(ada, document.id, '?disposition=inline'));
    expect(opened.headers.get('content-type')).toBe('application/pdf');
    expect((await open(picture.contentUrl)).headers.get('content-type')).toBe('image/png');
  });

  it('come in part when one part is asked for, and whole when several are', async ({ skip }) => {
    const { ranges } = inject('target').differences;
    skip(ranges !== undefined, `this target's S3 differs: ${ranges}`);
    const { contentUrl } = await attach(await signIn(), text('0123456789'));
    const get = async (range: string) => {
      const response = await open(contentUrl, { range });
      const { status, headers } = response;
      return {
        status,
        range: headers.get('content-range'),
        type: headers.get('content-type'),
        body: await response.text(),
      };
    };
    expect(await get('bytes=2-4')).toMatchObject({ status: 206, range: 'bytes 2-4/10', body: '234' });
    expect(await get('bytes=8-99')).toMatchObject({ status: 206, range: 'bytes 8-9/10', body: '89' });
    expect(await get('bytes=-3')).toMatchObject({ status: 206, range: 'bytes 7-9/10', body: '789' });
    expect(await get('bytes=10-')).toMatchObject({ status: 416 });
    expect(await get('bytes=0-1,4-5')).toMatchObject({ status: 200, type: 'text/plain', body: '0123456789' });
  });

  it('do not come again to who has them', async () => {
    const { contentUrl } = await attach(await signIn(), text());
    const eTag = (await open(contentUrl)).headers.get('etag') ?? '';
    const again = await open(contentUrl, { 'if-none-match': eTag });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect((await open(contentUrl, { 'if-none-match': '"another"' })).status).toBe(200);
  });
});
