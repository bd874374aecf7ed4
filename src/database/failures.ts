import { errorCode, ServiceUnavailableError } from '../errors.ts';

/**
 * Why the database could not serve a statement that may well be right: the codes of PostgreSQL, of postgres.js or of
 * sockets, how often work then runs again, and after how long. When a connection is lost, others probably are, too.
 */
const failures = [
  // Serialization failure and deadlock.
  { kind: 'conflict', codes: /^(40001|40P01)$/, retries: 4, pauseMs: 0 },
  // A lock time-out, which work on one session has. Most of the time, others have its connection.
  { kind: 'rowHeld', codes: /^55P03$/, retries: Infinity, pauseMs: 200 },
  // A standby, or set so.
  { kind: 'readOnly', codes: /^25006$/, retries: 1, pauseMs: 50 },
  { kind: 'connectionLost', codes: /^(08...|57P0.)$|^CONNECT|^E[A-Z]{4,}$/, retries: 1, pauseMs: 50 },
  // Insufficient resources, and a canceled statement.
  { kind: 'outOfResources', codes: /^(53...|57014)$/, retries: 0, pauseMs: 0 },
] as const;
export type Failure = (typeof failures)[number];

/** The database can be read from, but not written to. */
export class ReadOnlyError extends ServiceUnavailableError {
  override readonly message: string;
  readonly reason: string;

  /** @param reason why, as a clause */
  constructor(cause: unknown, reason = 'the database is read-only') {
    super('The database', cause);
    this.reason = reason;
    this.message = `T${reason.slice(1)}, so nothing can be saved now. Try again later. Operators: see the log.`;
  }
}

/** A failure that this server notices by itself. Its code says what PostgreSQL or the system would have said. */
export class DatabaseFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Undefined for an error of any other kind, such as a statement that is wrong. */
export function failureOf(error: unknown): Failure | undefined {
  const code = errorCode(error);
  return failures.find(({ codes }) => codes.test(code));
}

/** Whether another connection, possibly to another host, may serve what this one does not. */
export function isOfConnection(error: unknown): boolean {
  const kind = failureOf(error)?.kind;
  return kind === 'connectionLost' || kind === 'readOnly';
}

/** What the database or the system said. Leaves out Drizzle's wrapping, which holds the statement and its parameters. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause ? reasonOf(error.cause) : error.message || errorCode(error);
}
