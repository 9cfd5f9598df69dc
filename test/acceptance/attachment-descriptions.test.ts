import { describe, expect, it } from 'vitest';
import {
  askForAttachment,
  attach,
  changeAttachment,
  EVENTUALLY,
  getAttachment,
  list,
  text,
  usage,
} from './attachments.ts';
import { newId, signIn } from './people.ts';

/** Two UTF-16 code units, one character. */
const WHALE = '🐳';

describe('the description of an attachment', () => {
  it('is handed out with it and in lists, as it was sent', async () => {
    const ada = await signIn();
    const description = 'A whale: 🐳\n\nבים 👨‍👩‍👧‍👦';
    const sent = await attach(ada, text(), { description });
    expect(sent).toMatchObject({ description });
    expect((await getAttachment(ada, sent.id)).body).toMatchObject({ description });
    await expect.poll(async () => (await list(ada)).items, EVENTUALLY).toMatchObject([{ id: sent.id, description }]);
  });

  it('is changed, kept by other changes, and removed by an empty or blank one', async () => {
    const ada = await signIn();
    const { id, ...sent } = await attach(ada, text());
    expect(sent).not.toHaveProperty('description');
    for (const empty of ['', ' \n']) {
      const changed = await changeAttachment(ada, id, { description: 'a whale' });
      expect(changed).toMatchObject({ status: 200, body: { description: 'a whale' } });
      const renamed = await changeAttachment(ada, id, { filename: 'b.txt' });
      expect(renamed).toMatchObject({ status: 200, body: { description: 'a whale' } });
      const removed = await changeAttachment(ada, id, { description: empty });
      expect(removed.status).toBe(200);
      expect(removed.body).not.toHaveProperty('description');
      expect((await getAttachment(ada, id)).body).toEqual(removed.body);
    }
  });

  it('is stored without control characters, halves of characters and blank ends', async () => {
    const ada = await signIn();
    const { id, description } = await attach(ada, text(), { description: ' a\0\x1b\r\n\ud83d b\u0085 ' });
    expect(description).toBe('a\n\ufffd b');
    const changed = await changeAttachment(ada, id, { description: '\tc\rd\x7f' });
    expect(changed).toMatchObject({ status: 200, body: { description: 'c\nd' } });
    expect(await attach(ada, text(), { description: '\0 ' })).not.toHaveProperty('description');
  });

  it('has at most 1,500 characters, whatever number of bytes they take', async () => {
    const ada = await signIn();
    const longest = WHALE.repeat(1500);
    const { id } = await attach(ada, text(), { description: longest });
    const cleared = await changeAttachment(ada, id, { description: '' });
    expect(cleared).toMatchObject({ status: 200, body: { revision: 2 } });
    expect(await changeAttachment(ada, id, { description: longest })).toMatchObject({ body: { description: longest } });
    const before = await usage(ada);
    for (const description of [`${longest}!`, 'x'.repeat(1501)]) {
      const body = { code: 'invalid_request', field: 'description', accepted: 'at most 1500 characters' };
      expect(await changeAttachment(ada, id, { description })).toMatchObject({ status: 422, body });
      expect(await askForAttachment(ada, text(), { description })).toMatchObject({ status: 422, body });
    }
    expect(await usage(ada)).toEqual(before);
    expect((await getAttachment(ada, id)).body).toMatchObject({ description: longest, revision: 3 });
  });

  it('belongs to the request that an Idempotency-Key stands for', async () => {
    const ada = await signIn();
    const key = { 'idempotency-key': newId('key') };
    const ask = (description: string) => askForAttachment(ada, text(), { description }, key);
    const [first, second] = [await ask('a whale'), await ask('a whale')];
    expect(second).toMatchObject({ status: 201, body: { uploadId: (first.body as { uploadId: string }).uploadId } });
    expect(await ask('a shark')).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });
});
