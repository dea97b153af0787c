import {
  MongoBulkWriteError,
  MongoCompatibilityError,
  MongoError,
  MongoErrorLabel,
  MongoInvalidArgumentError,
  MongoMissingCredentialsError,
  MongoMissingDependencyError,
  MongoParseError,
  MongoServerError,
  MongoWriteConcernError,
  type WriteError,
} from 'mongodb';

/** An id or a unique field exists. Not every server reports which one, so callers read the document. */
export const DUPLICATE_KEY = 11_000;
export const DOCUMENT_VALIDATION_FAILURE = 121;
export const NAMESPACE_EXISTS = 48;

// https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
const TRANSIENT_CODES: ReadonlySet<unknown> = new Set([
  6, // HostUnreachable
  7, // HostNotFound
  24, // LockTimeout
  50, // MaxTimeMSExpired
  64, // WriteConcernTimeout
  89, // NetworkTimeout
  91, // ShutdownInProgress
  100, // UnsatisfiableWriteConcern
  112, // WriteConflict
  133, // FailedToSatisfyReadPreference
  134, // ReadConcernMajorityNotAvailableYet
  189, // PrimarySteppedDown
  202, // NetworkInterfaceExceededTimeLimit
  262, // ExceededTimeLimit
  365, // TemporarilyUnavailable
  9001, // SocketException
  10107, // NotWritablePrimary
  11600, // InterruptedAtShutdown
  11601, // Interrupted
  11602, // InterruptedDueToReplStateChange
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
  14031, // OutOfDiskSpace
]);

/** Driver errors that every further attempt would also get. All other driver errors are outages. */
const MISUSES = [
  MongoCompatibilityError,
  MongoInvalidArgumentError,
  MongoMissingCredentialsError,
  MongoMissingDependencyError,
  MongoParseError,
];

export const isDuplicateKey = (error: unknown): boolean =>
  error instanceof MongoServerError && error.code === DUPLICATE_KEY;

/** Returns whether the same call may succeed later. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof MongoError)) return false;
  if (!(error instanceof MongoServerError)) return !MISUSES.some((misuse) => error instanceof misuse);
  // A bulk write that failed as a whole contains the reason.
  if (error instanceof MongoBulkWriteError && error.errorResponse instanceof MongoError) {
    return isUnavailable(error.errorResponse);
  }
  return (
    hasWriteConcernError(error) ||
    TRANSIENT_CODES.has(error.code) ||
    writeErrorsIn(error).some(({ code }) => TRANSIENT_CODES.has(code)) ||
    error.hasErrorLabel(MongoErrorLabel.RetryableWriteError)
  );
}

/**
 * Returns the error of each failed write of an unordered bulk write. All other writes are durable.
 *
 * @throws the error itself if it is any other error
 */
export function refusedWrites(error: unknown): WriteError[] {
  if (!(error instanceof MongoBulkWriteError) || hasWriteConcernError(error)) throw error;
  const writeErrors = writeErrorsIn(error);
  if (writeErrors.length === 0) throw error;
  return writeErrors;
}

/**
 * Returns the failed writes of an unordered bulk write whose documents exist already. All other writes are durable.
 *
 * @throws the error itself if it is any other error, or has another one
 */
export function refusedDuplicates(error: unknown): WriteError[] {
  const refused = refusedWrites(error);
  if (refused.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
  return refused;
}

const writeErrorsIn = (error: MongoServerError): WriteError[] =>
  error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [];

const hasWriteConcernError = (error: MongoServerError): boolean =>
  error instanceof MongoWriteConcernError ||
  (error instanceof MongoBulkWriteError && error.result?.getWriteConcernError() !== undefined);
