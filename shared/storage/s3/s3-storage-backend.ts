import type { CompleteMultipartInput, MultipartRef, SignPartInput, UploadedPart } from '../multipart-uploads.ts';
import type { StorageBackend } from '../storage-backend.ts';
import { once } from './once.ts';
import { S3ObjectStorage } from './s3-object-storage.ts';
import type { S3Options } from './s3-url-signer.ts';

/** Objects in an S3 bucket, and uploads in parts, which S3 has itself. Parts, too, are signed without the S3 client. */
export class S3StorageBackend extends S3ObjectStorage implements StorageBackend {
  readonly #multipart;

  constructor(options: S3Options) {
    super(options);
    this.#multipart = once(async () => (await import('./s3-multipart.ts')).createS3Multipart(options, this));
  }

  async createMultipartUpload(
    input: Parameters<StorageBackend['createMultipartUpload']>[0],
  ): Promise<{ readonly multipartId: string }> {
    return (await this.#multipart()).createMultipartUpload(input);
  }

  async signPart(input: SignPartInput): Promise<{ readonly url: string }> {
    return this.signer.signPart(input);
  }

  async listParts(input: MultipartRef): Promise<readonly UploadedPart[]> {
    return (await this.#multipart()).listParts(input);
  }

  async completeMultipartUpload(input: CompleteMultipartInput): Promise<{ readonly eTag: string }> {
    return (await this.#multipart()).completeMultipartUpload(input);
  }

  async abortMultipartUpload(input: MultipartRef): Promise<void> {
    return (await this.#multipart()).abortMultipartUpload(input);
  }
}
