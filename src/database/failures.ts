import { errorCode } from '../errors.ts';

/** Why the database could not serve a statement that may well be right. */
export type Failure = 'conflict' | 'rowHeld' | 'connectionLost' | 'outOfResources';

const codes: Record<Failure, RegExp> = {
  /** Serialization failure and deadlock. */
  conflict: /^(40001|40P01)$/,
  /** A lock time-out. */
  rowHeld: /^55P03$/,
  /** Shut down, read-only (a standby), or codes of postgres.js and of sockets. */
  connectionLost: /^(08...|57P0.|25006)$|^CONNECT|^E[A-Z]{4,}$/,
  /** Insufficient resources, and a canceled statement. */
  outOfResources: /^(53...|57014)$/,
};
const failures: Failure[] = ['conflict', 'rowHeld', 'connectionLost', 'outOfResources'];

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
  return failures.find((failure) => codes[failure].test(code));
}

/**
 * Whether an uncaught error is the driver's own, at the loss of a connection: postgres.js may write to a socket that
 * has just closed (porsager/postgres#1154).
 */
export function isUncaughtDriverError(error: unknown): boolean {
  const isWriteToClosedSocket = error instanceof TypeError && /at Immediate\.nextWrite\b/.test(error.stack ?? '');
  // Not every error of the system: a full disk or too many open files must end the process.
  return isWriteToClosedSocket || /^(08...|57P0.|EPIPE|ETIMEDOUT)$|^E?CONN/.test(errorCode(error));
}

/** What the database or the system said. Leaves out Drizzle's wrapping, which holds the statement and its parameters. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause ? reasonOf(error.cause) : error.message || errorCode(error);
}
