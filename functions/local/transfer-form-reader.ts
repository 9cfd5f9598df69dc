import { TransferError } from './transfer-answers.ts';

/** S3's limit for everything before the file. */
const MAX_FIELD_BYTES = 20 * 1024;

/** A form as far as it was read: the fields before the file, then the file as it arrives. */
export interface TransferForm {
  /** By lower-case name. */
  readonly fields: ReadonlyMap<string, string>;
  /** Undefined if the form has no part named `file`. Throws when the form breaks off. */
  readonly file: AsyncIterable<Uint8Array> | undefined;
}

/**
 * Reads multipart/form-data (RFC 7578) up to its file. At no time more than the fields and one chunk are in memory, so
 * the policy among the fields can refuse a file of any size before it is read. What follows the file is ignored, as S3
 * does.
 * @throws TransferError for another content type, a malformed form or too long fields.
 */
export async function readForm(contentType: string, body: AsyncIterable<Uint8Array>): Promise<TransferForm> {
  const reader = createReader(body, `\r\n--${boundaryOf(contentType)}`);
  const fields = new Map<string, string>();
  await reader.part(); // the preamble
  while ((await reader.take(2)) === '\r\n') {
    const name = nameOf(await reader.head());
    if (name === 'file') return { fields, file: reader.stream() };
    fields.set(name.toLowerCase(), await reader.part());
  }
  return { fields, file: undefined };
}

function boundaryOf(contentType: string): string {
  if (!/^multipart\/form-data\s*;/i.test(contentType)) {
    const reason = 'Bucket POST must be of the enclosure-type multipart/form-data';
    throw new TransferError('PreconditionFailed', `The pre-condition did not hold. Condition: ${reason}`);
  }
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined || boundary.length > 70) throw malformed();
  return boundary;
}

function nameOf(head: string): string {
  const name = /^content-disposition:\s*form-data\s*;(?:.*;)?\s*name="([^"]*)"/im.exec(head)?.[1];
  if (name === undefined) throw malformed();
  return name;
}

/** Cuts a body at delimiters. Text before the file counts towards one limit. */
function createReader(body: AsyncIterable<Uint8Array>, boundary: string) {
  const chunks = body[Symbol.asyncIterator]();
  const delimiter = Buffer.from(boundary);
  let buffer = Buffer.from('\r\n'); // so that the first boundary looks like the others
  let textBytes = 0;

  async function pull(): Promise<void> {
    const { value, done } = await chunks.next();
    if (done) throw malformed();
    buffer = Buffer.concat([buffer, value]);
  }

  function cut(bytes: number): Buffer {
    const taken = buffer.subarray(0, bytes);
    buffer = buffer.subarray(bytes);
    return taken;
  }

  async function textUntil(end: Buffer | string): Promise<string> {
    for (let at = buffer.indexOf(end); ; at = buffer.indexOf(end)) {
      if (textBytes + (at < 0 ? buffer.length : at) > MAX_FIELD_BYTES + delimiter.length) {
        const message = 'Your POST request fields preceding the upload file were too large.';
        throw new TransferError('MaxPostPreDataLengthExceeded', message);
      }
      if (at < 0) await pull();
      else {
        textBytes += at;
        const text = cut(at).toString();
        cut(end.length);
        return text;
      }
    }
  }

  return {
    part: () => textUntil(delimiter),
    head: () => textUntil('\r\n\r\n'),
    async take(bytes: number): Promise<string> {
      while (buffer.length < bytes) await pull();
      return cut(bytes).toString('latin1');
    },
    async *stream(): AsyncGenerator<Uint8Array> {
      for (let at = buffer.indexOf(delimiter); at < 0; at = buffer.indexOf(delimiter)) {
        const safe = buffer.length - delimiter.length + 1; // the delimiter may have begun
        if (safe > 0) yield cut(safe);
        await pull();
      }
      yield cut(buffer.indexOf(delimiter));
    },
  };
}

function malformed(): TransferError {
  const message = 'The body of your POST request is not well-formed multipart/form-data.';
  return new TransferError('MalformedPOSTRequest', message);
}
