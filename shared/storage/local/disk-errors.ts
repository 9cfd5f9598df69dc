import { AppError, DependencyUnavailableError, InvalidKeyError, StorageDeniedError } from '../../errors.ts';

/**
 * What a failure of the file system means to the callers of the port. Everything else, such as a body that breaks off,
 * passes unchanged: it is not the storage that failed.
 */
export function storageErrorOf(error: unknown, key: string): unknown {
  if (error instanceof AppError) return error;
  switch (errnoOf(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StorageDeniedError(`the folder of "${key}" does not admit this user`, { cause: error });
    case 'ELOOP':
      return linkRefused(key);
    case 'EXDEV':
      return new StorageDeniedError(`"${key}" is on another disk than its root`, { cause: error });
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EMFILE':
    case 'ENFILE':
    case 'EIO':
    case 'EBUSY':
      return new DependencyUnavailableError(`I/O error on "${key}"`, { cause: error });
    case 'ENAMETOOLONG':
      return new InvalidKeyError(key, 'longer than a path of this disk');
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ENOTEMPTY':
      return new InvalidKeyError(key, 'on this disk an object cannot also be the folder of another');
    default:
      return error;
  }
}

/** A symbolic link below the root: it may lead anywhere, so it is neither followed nor replaced. */
export function linkRefused(key: string): StorageDeniedError {
  return new StorageDeniedError(`the path of "${key}" goes through a symbolic link`);
}

/** Whether nothing stands at the path: no such name, or a file where a folder would have to be. */
export function isAbsence(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR';
}

/** Whether the disk gave no hard link: it has none at all, no more for that file, or none for somebody else's file. */
export function isWithoutLinks(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK', 'EXDEV'].includes(errnoOf(error) ?? '');
}

/** The `code` of a system error; undefined for any other value. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
