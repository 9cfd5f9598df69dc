import { type CancellationReason, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { AppError, DependencyUnavailableError, InvalidConfigurationError, StorageDeniedError } from '../../errors.ts';

type Meaning = (error: Error, tableName: string) => Error;

const unavailable: Meaning = (error) =>
  new DependencyUnavailableError(`the metadata table does not respond (${error.name})`, { cause: error });

/** Refused now, but the same request may succeed a moment later. */
const contended: Meaning = (error) =>
  new DependencyUnavailableError(`the metadata table is too busy (${error.name})`, { cause: error });

const denied: Meaning = (error, tableName) =>
  new StorageDeniedError(`DynamoDB refused access to the table "${tableName}": ${error.message}`, { cause: error });

const noTable: Meaning = (error, tableName) =>
  new InvalidConfigurationError(
    `METADATA_TABLE_NAME must name a table of this product: there is no "${tableName}" with its indexes in this account and region`,
    { cause: error },
  );

const malformed: Meaning = (error) =>
  new Error(`DynamoDB did not accept a request as it was made: ${detailsOf(error)}`, { cause: error });

/**
 * What a failure of DynamoDB means, by the name of the exception, or by the reason inside a cancelled transaction,
 * where some have another name. Source: "Error handling with DynamoDB", and CancellationReasons of TransactWriteItems.
 */
const BY_NAME: Readonly<Record<string, Meaning>> = {
  ProvisionedThroughputExceededException: contended,
  ProvisionedThroughputExceeded: contended,
  ThrottlingException: contended,
  ThrottlingError: contended,
  RequestLimitExceeded: contended,
  TransactionInProgressException: contended,
  InternalServerError: unavailable,
  ServiceUnavailable: unavailable,
  // These pass: new credentials are on their way.
  ExpiredTokenException: unavailable,
  CredentialsProviderError: unavailable,
  AccessDeniedException: denied,
  UnrecognizedClientException: denied,
  InvalidSignatureException: denied,
  MissingAuthenticationTokenException: denied,
  ResourceNotFoundException: noTable,
  ValidationException: malformed,
  ValidationError: malformed,
};

const REFUSALS = ['ConditionalCheckFailed', 'TransactionConflict'];

/**
 * Whether a write was refused because of what its items are: a condition did not hold, or another write was under way on
 * one of them. The names are those of the exceptions of a single write, or of the reasons for a cancelled transaction.
 */
export function isRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const name = error.name.replace(/Exception$/, '');
  return [name, ...reasonsOf(error)].some((reason) => REFUSALS.includes(reason));
}

/** Whether the same request may succeed a moment later. */
export function isContended(error: unknown): boolean {
  return meaningOf(error) === contended;
}

/** What is thrown to the callers of the port. Anything unforeseen passes unchanged. */
export function dynamoDbErrorOf(error: unknown, tableName: string): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error;
  return meaningOf(error)?.(error, tableName) ?? error;
}

function meaningOf(error: unknown): Meaning | undefined {
  if (!(error instanceof Error)) return undefined;
  const known = [error.name, ...reasonsOf(error)].flatMap((name) => BY_NAME[name] ?? []);
  return known[0] ?? (isLost(error) ? unavailable : undefined);
}

/** Why a transaction was cancelled: a code for each of its actions, in their order. Empty for any other error. */
function reasonsOf(error: unknown): string[] {
  return cancellationOf(error).map(({ Code = 'None' }) => Code);
}

function detailsOf(error: Error): string {
  const messages = cancellationOf(error).flatMap(({ Message }) => Message ?? []);
  return messages.length > 0 ? messages.join('; ') : error.message;
}

function cancellationOf(error: unknown): CancellationReason[] {
  return error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
}

/** No response, or none that DynamoDB made: a timeout, a socket error (`ECONNRESET`), a 5xx. */
function isLost(error: Error): boolean {
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } };
  const fromSocket = typeof code === 'string' && /^E(?!RR_)[A-Z_]+$/.test(code);
  return error.name === 'TimeoutError' || fromSocket || ($metadata?.httpStatusCode ?? 0) >= 500;
}
