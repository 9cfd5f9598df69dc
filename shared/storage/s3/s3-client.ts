import { S3Client } from '@aws-sdk/client-s3';
import type { S3Options } from './s3-url-signer.ts';

/** The S3 client of the adapter. */
export function createS3Client({ region, endpoint, credentials }: S3Options): S3Client {
  return new S3Client({
    region,
    credentials,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    // The default adds a CRC32 to every body, in a framing that not every S3 understands. SHA-256 is asked for by name.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    retryMode: 'standard',
    maxAttempts: 3,
    // Of silence, not of the whole transfer: a large body may take its time. Three tries end before the API's 29 s.
    requestHandler: { connectionTimeout: 1000, socketTimeout: 4000 },
    logger: SILENT, // without one the SDK prints a warning for each failed stream; its callers get the error
  });
}

const ignore = () => {};
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };
