import { BASE_PATH } from '../shared/api/operations.ts';

/** Where the state of an upload is to be read: for Location. */
export function uploadAddress(uploadId: string): string {
  return `${BASE_PATH}/uploads/${uploadId}`;
}
