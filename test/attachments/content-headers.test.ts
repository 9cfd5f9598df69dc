import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanFilename } from '../../shared/attachments/clean-filename.ts';
import { contentHeaders } from '../../shared/attachments/content-headers.ts';

function headersOf(changes: Partial<Parameters<typeof contentHeaders>[0]>) {
  return contentHeaders({ contentType: 'text/plain', filename: 'a.txt', disposition: 'attachment', ...changes });
}

/** Reads the header by the grammar of RFC 6266 and RFC 8187, and by nothing more lenient. */
function parse(header: string) {
  const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
  const quoted = '"(?:[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\[\\x20-\\x7e])*"';
  const extended = "UTF-8''(?:%[0-9A-F]{2}|[A-Za-z0-9!#$&+.^_`|~-])*";
  const form = new RegExp(`^(attachment|inline); filename=(${token}|${quoted})(?:; filename\\*=(${extended}))?$`);
  const [, type, plain, encoded] = form.exec(header) ?? expect.fail(`not by the grammar: ${header}`);
  const ascii = plain?.startsWith('"') ? plain.slice(1, -1).replace(/\\(.)/g, '$1') : plain;
  return { type, ascii, name: encoded === undefined ? ascii : decodeURIComponent(encoded.slice("UTF-8''".length)) };
}

describe('the content type of an attachment', () => {
  it.each([
    'text/plain',
    'text/csv',
    'image/png',
    'image/heic',
    'application/pdf',
    'application/zip',
    'application/json',
    'audio/mpeg',
    'video/mp4',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'application/vnd.oasis.opendocument.text',
  ])('is %s where that is what it is', (contentType) => {
    expect(headersOf({ contentType }).contentType).toBe(contentType);
  });

  it('is written in lower case and without parameters', () => {
    expect(headersOf({ contentType: ' Text/CSV ; charset=utf-8; x="text/html"' }).contentType).toBe('text/csv');
  });

  it.each([
    ...['text/html', 'TEXT/HTML', 'text/html; charset=utf-8', 'text/html;', ' text/html', 'text/x-server-parsed-html'],
    ...['application/xhtml+xml', 'application/vnd.wap.xhtml+xml', 'application/vnd.wap.html+xml'],
    ...['image/svg+xml', 'image/svg', 'image/svg-xml', 'IMAGE/SVG+XML; x=image/png'],
    ...['text/xml', 'application/xml', 'application/rss+xml', 'application/mathml+xml', 'application/x-anything+xml'],
    ...['application/xml-dtd', 'text/xml-external-parsed-entity', 'text/xsl', 'application/xslt+xml'],
    ...['application/x-shockwave-flash', 'application/x-shockwave-flash2-preview', 'application/futuresplash'],
    ...['application/vnd.adobe.flash.movie', 'application/postscript', 'application/x-eps', 'image/eps'],
    ...['text/javascript', 'application/javascript', 'application/x-javascript', 'text/javascript1.5'],
    ...['text/ecmascript', 'text/jscript', 'text/livescript', 'text/vbscript', 'text/x-component', 'text/scriptlet'],
    ...['application/hta', 'text/cache-manifest', 'application/x-silverlight-2', 'application/x-java-applet'],
    ...['multipart/related', 'multipart/x-mixed-replace', 'message/rfc822', 'application/x-mimearchive'],
  ])('is application/octet-stream for %s, which is never shown', (contentType) => {
    const { contentType: served, contentDisposition } = headersOf({ contentType, disposition: 'inline' });
    expect(served).toBe('application/octet-stream');
    expect(parse(contentDisposition).type).toBe('attachment');
  });

  it.each([
    '',
    'text',
    'text/',
    '/html',
    '*/*',
    'text/plain, text/html',
    'text/plain\r\nx: y',
    'a/b/c',
    'text/plain text/html',
  ])('is application/octet-stream for what is no media type: %j', (contentType) => {
    expect(headersOf({ contentType }).contentType).toBe('application/octet-stream');
  });
});

describe('the disposition of an attachment', () => {
  const SHOWN = ['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif', 'application/pdf'];

  it.each(SHOWN)('is inline for %s, if that is asked for', (contentType) => {
    expect(headersOf({ contentType, disposition: 'inline' }).contentDisposition).toMatch(/^inline; /);
    expect(headersOf({ contentType, disposition: 'attachment' }).contentDisposition).toMatch(/^attachment; /);
  });

  it.each(['text/plain', 'image/bmp', 'image/tiff', 'image/png2', 'video/mp4', 'application/json', 'font/woff2', ''])(
    'is attachment for %j whatever is asked for',
    (contentType) => {
      expect(headersOf({ contentType, disposition: 'inline' }).contentDisposition).toMatch(/^attachment; /);
    },
  );

  it.each([
    ['report.pdf', 'attachment; filename=report.pdf'],
    ['a b.pdf', 'attachment; filename="a b.pdf"'],
    ['Größe.pdf', "attachment; filename=Gro_e.pdf; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf"],
    ['年度.pdf', "attachment; filename=_.pdf; filename*=UTF-8''%E5%B9%B4%E5%BA%A6.pdf"],
    ['a%2fb"\'(c)*.txt', "attachment; filename=\"a_2fb_'(c)*.txt\"; filename*=UTF-8''a%252fb%22%27%28c%29%2A.txt"],
  ])('names %s', (filename, header) => {
    expect(headersOf({ filename }).contentDisposition).toBe(header);
  });

  const anyFilename = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.array(fc.nat(0xffff), { maxLength: 100, size: 'max' }).map((units) => String.fromCharCode(...units)),
    fc.string({
      unit: fc.constantFrom(...'"\\%\'();=*/ \r\n\0aé語', '👨‍👩‍👧', '\ud83d', '\u202e'),
      maxLength: 100,
      size: 'max',
    }),
  );

  it('is one line of printable ASCII that says the clean name, whatever the name is', () => {
    fc.assert(
      fc.property(anyFilename, fc.constantFrom('attachment', 'inline'), (filename, disposition) => {
        const { contentDisposition } = headersOf({ contentType: 'image/png', filename, disposition });
        expect(contentDisposition).toMatch(/^[\x20-\x7e]+$/); // RFC 9110, 5.5
        expect(parse(contentDisposition)).toMatchObject({ type: disposition, name: cleanFilename(filename) });
      }),
    );
  });

  it('has an ASCII name that no client reads as a folder, an escape or nothing', () => {
    fc.assert(
      fc.property(anyFilename, (filename) => {
        expect(parse(headersOf({ filename }).contentDisposition).ascii).toMatch(/^[^/\\%"]+$/);
      }),
    );
  });
});
