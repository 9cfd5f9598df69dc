import { describe, expect, it } from 'vitest';
import { attach, changeAttachment, getAttachment, open, text } from './attachments.ts';
import { signIn } from './people.ts';

/** The name that a browser saves under, as RFC 6266 (4.3) has it: the extended one before the plain one. */
function savedAs(header: string): string {
  const extended = /filename\*=UTF-8''([^\s;]+)/.exec(header)?.[1];
  if (extended !== undefined) return decodeURIComponent(extended);
  const [, quoted, token = ''] = /filename=(?:"((?:\\.|[^"\\])*)"|([^\s;"]+))/.exec(header) ?? [];
  return quoted === undefined ? token : quoted.replace(/\\(.)/g, '$1');
}

async function dispositionOf(link: string): Promise<string> {
  return (await open(link)).headers.get('content-disposition') ?? '';
}

/** Two parents and two children: seven code points that are one character. */
const FAMILY = '👨‍👩‍👧‍👦';

describe('the name of an attachment', () => {
  it.each([
    'letter.txt',
    'Привет, мир.txt',
    '写真 📸.txt',
    'บันทึกน้ำ.txt',
    'दस्तावेज़.txt',
    'می‌خواهم.txt',
    'תקציר שנתי.txt',
    `${FAMILY} 👩🏽‍🚀 🏳️‍🌈 🇩🇪.txt`,
    '100% "sure"; it’s {fine}*.txt',
    '.gitignore',
  ])('is handed out as it was, and offered to whoever saves the file: %j', async (filename) => {
    const sent = await attach(await signIn(), text(), { filename });
    expect(sent.filename).toBe(filename);
    expect(savedAs(await dispositionOf(sent.contentUrl))).toBe(filename);
  });

  it.each([
    ['folders', '../../etc/passwd', 'passwd'],
    ['folders of Windows', 'C:\\files\\a"b.txt', 'a"b.txt'],
    ['a turned direction of reading', 'bill\u202Efdp.exe', 'billfdp.exe'],
    ['an isolated direction of reading', '\u2066a\u2069\u200F.txt', 'a.txt'],
    ['lines', 'two\r\nSet-Cookie: a=b.txt', 'twoSet-Cookie: a=b.txt'],
    ['controls', 'a\0\t\u001B\u0085.txt', 'a.txt'],
    ['what cannot be seen', '\uFEFFpay\u200Bpal\u2060.txt', 'paypal.txt'],
    ['accents of their own', 'U\u0308bung.txt', 'Übung.txt'],
    ['nothing but dots', '..', 'file'],
    ['nothing else', '/\u202E', 'file'],
    ['more than a file system takes', `${FAMILY.repeat(40)}.txt`, `${FAMILY.repeat(10)}.txt`],
  ])('is stored without %s', async (_, filename, clean) => {
    const ada = await signIn();
    const sent = await attach(ada, text(), { filename });
    expect(sent.filename).toBe(clean);
    expect((await getAttachment(ada, sent.id)).body).toMatchObject({ filename: clean });
    expect(savedAs(await dispositionOf(sent.contentUrl))).toBe(clean);
  });

  it('is cleaned when it is changed, too', async () => {
    const ada = await signIn();
    const { id, contentUrl } = await attach(ada, text());
    const changed = await changeAttachment(ada, id, { filename: '..\\写真\u202Egpj.exe' });
    expect(changed).toMatchObject({ status: 200, body: { filename: '写真gpj.exe' } });
    expect(savedAs(await dispositionOf(contentUrl))).toBe('写真gpj.exe');
  });

  it('has letters in place of the others, for clients that know no other', async () => {
    const { contentUrl } = await attach(await signIn(), text(), { filename: 'Übung "写真".txt' });
    expect(await dispositionOf(contentUrl)).toMatch(/^attachment; filename="Ubung _\.txt"; filename\*=UTF-8''[!-~]+$/);
  });
});
