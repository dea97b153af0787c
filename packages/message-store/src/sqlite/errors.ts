// https://www.sqlite.org/rescode.html: the low byte of an extended result code is the primary one.
const PRIMARY_CODE_MASK = 0xff;
const CONSTRAINT = 19;

const UNAVAILABLE: ReadonlySet<number> = new Set([
  5, // BUSY
  6, // LOCKED
  7, // NOMEM
  8, // READONLY: also for a reader that opens the file before the writer has recovered the log
  10, // IOERR
  13, // FULL
  14, // CANTOPEN
  15, // PROTOCOL
]);

const primaryCodeOf = (error: unknown): number | undefined => {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & PRIMARY_CODE_MASK : undefined;
};

/** Returns whether the same call may succeed later. */
export const isUnavailable = (error: unknown): boolean => UNAVAILABLE.has(primaryCodeOf(error) ?? 0);

/** Returns whether a CHECK, a type or another constraint refused a row. */
export const isConstraintViolation = (error: unknown): boolean => primaryCodeOf(error) === CONSTRAINT;
