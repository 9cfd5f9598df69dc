import type {
  CopyFileInput,
  DownloadedFile,
  DownloadFileInput,
  FileInfo,
  ListFilesInput,
  ListFilesPage,
  ObjectStorage,
  PublicUrlInput,
  SignedUrlInput,
  StorageTicket,
  UploadFileInput,
  UploadGrant,
} from '../storage-backend.ts';
import { once } from './once.ts';
import { createS3UrlSigner, type S3Options, type S3UrlSigner } from './s3-url-signer.ts';

/**
 * Objects in an S3 bucket. Keys are used as they are: a key prefix is prefixStorage's.
 *
 * - ETags are S3's and cover the bytes alone: a write of equal bytes with other metadata makes no other version.
 * - The client sends again what got no answer. If the first try had arrived after all, a conditional write meets itself
 *   and reports ObjectChangedError or ObjectExistsError: look at what stands there before taking it for another's.
 * - The identity needs s3:ListBucket, without which S3 answers 403 where an object is absent and `checkReady` is denied;
 *   and s3:GetObject, without which no conditional write or deletion is allowed.
 *
 * The S3 client is loaded when an object is first touched or a form first signed, so a function that hands out PUT
 * tickets and addresses starts without it.
 */
export class S3ObjectStorage implements ObjectStorage {
  protected readonly signer: S3UrlSigner;
  readonly #objects;
  readonly #signForm;

  constructor(options: S3Options) {
    this.signer = createS3UrlSigner(options);
    this.#objects = once(async () => (await import('./s3-objects.ts')).createS3Objects(options));
    this.#signForm = once(async () => (await import('./s3-post-form.ts')).createS3PostForms(options));
  }

  async uploadFile(input: UploadFileInput): Promise<{ readonly eTag: string }> {
    return (await this.#objects()).uploadFile(input);
  }

  async downloadFile(input: DownloadFileInput): Promise<DownloadedFile> {
    return (await this.#objects()).downloadFile(input);
  }

  async getFileInfo(input: Parameters<ObjectStorage['getFileInfo']>[0]): Promise<FileInfo> {
    return (await this.#objects()).getFileInfo(input);
  }

  async fileExists(input: Parameters<ObjectStorage['fileExists']>[0]): Promise<boolean> {
    return (await this.#objects()).fileExists(input);
  }

  async deleteFile(input: Parameters<ObjectStorage['deleteFile']>[0]): Promise<void> {
    return (await this.#objects()).deleteFile(input);
  }

  async listFiles(input: ListFilesInput): Promise<ListFilesPage> {
    return (await this.#objects()).listFiles(input);
  }

  async copyFile(input: CopyFileInput): Promise<{ readonly eTag: string }> {
    return (await this.#objects()).copyFile(input);
  }

  getFileUrl(input: PublicUrlInput): Promise<string | undefined>;
  getFileUrl(input: SignedUrlInput): Promise<string>;
  async getFileUrl(input: PublicUrlInput | SignedUrlInput): Promise<string | undefined> {
    return input.access === 'signed' ? this.signer.getFileUrl(input) : this.signer.getFileUrl(input);
  }

  async createUploadTicket(grant: UploadGrant): Promise<StorageTicket> {
    return grant.method === 'PUT' ? this.signer.signUpload(grant) : (await this.#signForm())(grant);
  }

  async checkReady(): Promise<void> {
    return this.signer.checkReady();
  }
}
