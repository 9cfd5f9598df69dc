import type { IncomingMessage } from 'node:http';
import { type PostPolicy, verifyPolicy } from '../../shared/storage/local/transfer-grants.ts';
import { storageKeyOf } from '../../shared/storage/object-keys.ts';
import type { StorageBackend } from '../../shared/storage/storage-backend.ts';
import { bodyOf } from './request-body.ts';
import { TransferError } from './transfer-answers.ts';
import { readForm, type TransferForm } from './transfer-form-reader.ts';
import { contentLengthOf } from './transfer-upload.ts';

/** Boundaries, part headers and fields around the file: more than any honest form needs. */
const FORM_OVERHEAD_BYTES = 64 * 1024;

export interface FormDependencies {
  readonly storage: StorageBackend;
  readonly secret: Uint8Array;
  readonly now: () => Date;
}

/** Stores the file of a POST form. It may be sent again until its policy expires, and replaces the object then. */
export async function receiveForm(
  dependencies: FormDependencies,
  request: IncomingMessage,
): Promise<{ key: string; eTag: string }> {
  const announced = contentLengthOf(request);
  const form = await readForm(request.headers['content-type'] ?? '', bodyOf(request));
  const policy = acceptedPolicy(dependencies, form);
  const [[, , key], [, , contentType], [, minimum, maximum]] = policy.conditions;
  if (form.file === undefined) {
    throw new TransferError('InvalidArgument', 'POST requires exactly one file upload per request.');
  }
  if (announced > maximum + FORM_OVERHEAD_BYTES) throw tooLarge();
  const { eTag } = await dependencies.storage.uploadFile({
    key: storageKeyOf(key),
    body: bounded(form.file, minimum, maximum),
    contentLength: maximum, // tickets sign one exact length
    contentType,
  });
  return { key, eTag };
}

function acceptedPolicy({ secret, now }: FormDependencies, { fields }: TransferForm): PostPolicy {
  const [encoded, signature] = [fields.get('policy'), fields.get('x-amz-signature')];
  if (encoded === undefined || signature === undefined) throw new TransferError('AccessDenied', 'Access Denied');
  const policy = verifyPolicy(secret, encoded, signature);
  if (policy === undefined) {
    const message = 'The request signature we calculated does not match the signature you provided.';
    throw new TransferError('SignatureDoesNotMatch', message);
  }
  if (now() > new Date(policy.expiration)) throw denied('Policy expired.');
  for (const condition of policy.conditions) {
    if (condition[0] !== 'eq') continue;
    const name = condition[1].slice(1).toLowerCase();
    if (fields.get(name) !== condition[2]) throw denied(`Policy Condition failed: ${JSON.stringify(condition)}`);
  }
  const extra = [...fields.keys()].find((name) => !['key', 'content-type', 'policy', 'x-amz-signature'].includes(name));
  if (extra !== undefined) throw denied(`Extra input fields: ${extra}`);
  return policy;
}

async function* bounded(file: AsyncIterable<Uint8Array>, minimum: number, maximum: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of file) {
    size += chunk.byteLength;
    if (size > maximum) throw tooLarge();
    yield chunk;
  }
  if (size < minimum) {
    throw new TransferError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed object size.');
  }
}

function tooLarge(): TransferError {
  return new TransferError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
}

function denied(reason: string): TransferError {
  return new TransferError('AccessDenied', `Invalid according to Policy: ${reason}`);
}
