import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { serviceUnavailable } from '../errors.ts';

/** Drizzle on either database: what both share. */
export type Orm = PgDatabase<PgQueryResultHKT>;

export interface Database {
  /** What people are told about it: no password. */
  readonly description: string;
  /**
   * Runs statements. Work that meets a serialization failure or a deadlock is run again, whole, so it must do nothing else.
   * @throws SERVICE_UNAVAILABLE when the database cannot be reached, or has not answered before the deadline
   */
  run<T>(work: (orm: Orm) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Makes `Database.run`; `onTimeout` is called when work took too long, for its connection may never answer again. */
export function createRunner(orm: () => Orm, timeoutMs: number, onTimeout = () => {}): Database['run'] {
  async function attempt<T>(work: (orm: Orm) => Promise<T>, attemptsLeft: number): Promise<T> {
    try {
      return await work(orm());
    } catch (error) {
      const isConflict = /^40001$|^40P01$/.test(errorCode(error));
      if (isConflict && attemptsLeft > 1) return attempt(work, attemptsLeft - 1);
      throw isUnavailable(error) ? serviceUnavailable('The database', error) : error;
    }
  }
  return async (work) => {
    const { promise: expired, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(serviceUnavailable('The database'));
      onTimeout();
    }, timeoutMs);
    try {
      return await Promise.race([attempt(work, 5), expired]);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** The SQLSTATE, or the code of the driver or the system, underneath what Drizzle wraps; empty for other errors. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return 'code' in error && typeof error.code === 'string' ? error.code : errorCode(error.cause);
}

/** Classes 08 (connection), 53 (resources) and 57 (operator) of SQLSTATE, and codes of postgres.js and of sockets. */
function isUnavailable(error: unknown): boolean {
  return /^(08|53|57)...$|^CONNECT|^E[A-Z_]{4,}$/.test(errorCode(error));
}
