import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';

export interface RequestToSend {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Sends no Content-Length. */
  readonly chunked?: boolean;
}

export interface ReceivedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The `Code` of an XML error document. */
  readonly code: string | undefined;
}

/** One request as it is given: unlike fetch, nothing is added and every header can be set. */
export function sendRequest({ method, url, headers = {}, body, chunked }: RequestToSend): Promise<ReceivedAnswer> {
  const client = url.startsWith('https:') ? https : http;
  const length = chunked ? { 'transfer-encoding': 'chunked' } : body && { 'content-length': `${body.byteLength}` };
  return new Promise((resolve, reject) => {
    const request = client.request(url, { method, headers: { ...length, ...headers }, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const received = Buffer.concat(chunks);
        const code = /<Code>(.*?)<\/Code>/.exec(received.toString('latin1'))?.[1];
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: received, code });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A multipart/form-data request with the fields in their order and the file last, unless there is none. */
export function formRequest(
  url: string,
  fields: Readonly<Record<string, string>>,
  file: Uint8Array | undefined,
): RequestToSend {
  const boundary = 'form-boundary-0123456789';
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n`;
  const filePart = file === undefined ? [] : [Buffer.from(head), file, Buffer.from('\r\n')];
  return {
    method: 'POST',
    url,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(parts.join('')), ...filePart, Buffer.from(`--${boundary}--\r\n`)]),
  };
}
